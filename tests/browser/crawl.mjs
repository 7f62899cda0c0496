// Crawls a whole site in Debian's Chromium, from its first page along every link, and tells what was asked for.
//
//   node crawl.mjs SPKI|- URL       prints JSON: {"PATH": {"requests": [[path, status]…], "console", "failed", "text"}}
//
// On every page what has the attribute data-click is clicked, so that chunks are loaded. SPKI: see visit.mjs; "-" for http.
import { chromium } from 'playwright-core'

const [spki, start] = process.argv.slice(2)
const origin = new URL(start).origin
const trust = spki === '-' ? [] : [`--ignore-certificate-errors-spki-list=${spki}`]
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', ...trust]
})

async function crawl (url) {
  // Nothing is cached from one page to the next: every page tells all it needs.
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  const page = await context.newPage()
  const seen = { requests: [], console: [], failed: [] }
  page.on('console', message => { if (message.type() === 'error') seen.console.push(message.text()) })
  page.on('pageerror', error => seen.console.push(String(error)))
  page.on('requestfailed', request => seen.failed.push(`${request.url()} ${request.failure()?.errorText}`))
  const waiting = new Set()
  page.on('request', request => waiting.add(request.url()))
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, request => waiting.delete(request.url()))
  page.on('response', response => {
    const { origin: from, pathname, search } = new URL(response.url())
    seen.requests.push([from === origin ? decodeURI(pathname) + search : response.url(), response.status()])
  })
  const idle = async () => {
    await page.waitForLoadState('networkidle', { timeout: 60000 }).catch(error => { throw new Error(`${url} still waits for ${[...waiting]}: ${error}`) })
  }
  await page.goto(url, { waitUntil: 'load', timeout: 60000 })
  await idle()
  for (const button of await page.locator('[data-click]').all()) {
    await button.click()
    await page.waitForFunction(() => document.body.innerText.includes('oaded later'), null, { timeout: 30000 })
  }
  await idle()
  // A service worker that the page registers has taken all it wants.
  await page.waitForFunction(() => !document.getElementById('worker') || document.getElementById('worker').textContent, null, { timeout: 30000 })
  await page.evaluate(() => Promise.all([...document.images].map(image => image.decode?.().catch(() => { throw new Error(`${image.currentSrc} is no picture`) }))))
  seen.text = await page.evaluate(() => document.body.innerText)
  seen.links = await page.evaluate(() => [...document.querySelectorAll('a[href], iframe[src]')].map(element => element.href || element.src))
  await context.close()
  return seen
}

const report = {}
try {
  for (const todo = [start]; todo.length > 0;) {
    const url = new URL(todo.shift())
    url.hash = ''
    if (url.origin !== origin || report[url.pathname] !== undefined) continue
    const { links, ...seen } = await crawl(url.href)
    report[url.pathname] = seen
    todo.push(...links)
  }
} finally {
  await browser.close()
}
console.log(JSON.stringify(report))
