// Visits pages in Debian's Chromium and tells, as JSON, what a person and a console would see.
//
//   node visit.mjs SPKI FOLDER URL...      screenshots go to FOLDER/N.png
//
// SPKI: base64 SHA-256 of the certificate's public key; the browser trusts that one alone.
import { chromium } from 'playwright-core'

const [spki, folder, ...urls] = process.argv.slice(2)
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', `--ignore-certificate-errors-spki-list=${spki}`]
})
const report = []
try {
  for (const [index, url] of urls.entries()) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const seen = { url, console: [], failed: [], responses: [], images: [] }
    page.on('console', message => { if (message.type() === 'error') seen.console.push(message.text()) })
    page.on('pageerror', error => seen.console.push(String(error)))
    page.on('requestfailed', request => seen.failed.push(`${request.url()} ${request.failure()?.errorText}`))
    page.on('response', response => seen.responses.push({ url: response.url(), status: response.status(), type: response.headers()['content-type'] || '' }))
    await page.goto(url, { waitUntil: 'networkidle', timeout: 30000 })
    // Lazy images load when they are seen.
    await page.evaluate(async () => {
      for (const image of document.images) image.scrollIntoView()
      await Promise.all([...document.images].map(image => image.complete ? null : new Promise(resolve => { image.onload = image.onerror = resolve })))
      window.scrollTo(0, 0)
    })
    seen.images = await page.evaluate(() => [...document.images].map(image => ({ src: image.currentSrc || image.src, width: image.naturalWidth })))
    seen.protocol = await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol)
    seen.title = await page.title()
    seen.heading = await page.evaluate(() => document.querySelector('h1')?.textContent.trim() ?? '')
    seen.text = await page.evaluate(() => document.body.innerText)
    await page.screenshot({ path: `${folder}/${index}.png` })
    report.push(seen)
    await page.close()
  }
} finally {
  await browser.close()
}
console.log(JSON.stringify(report))
