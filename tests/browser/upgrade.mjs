// One visitor before and after a deploy: what a browser really receives of a script whose
// former version it has, as JSON lines.
//
//   node upgrade.mjs SPKI URL SCRIPT_PREFIX       a line on stdin: visit again; end of stdin: leave
//
// SPKI: base64 SHA-256 of the certificate's public key. Only with a trusted certificate does
// Chromium use dictionaries (RFC 9842), and --ignore-certificate-errors does not make it one.
import { chromium } from 'playwright-core'
import { createHash } from 'node:crypto'
import readline from 'node:readline'

const [spki, url, prefix] = process.argv.slice(2)
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', `--ignore-certificate-errors-spki-list=${spki}`]
})
const context = await browser.newContext()

// The page of the first visit is fresh for a minute: each visit has an address of its own.
let visits = 0

async function visit () {
  const page = await context.newPage()
  const wire = await context.newCDPSession(page)
  await wire.send('Network.enable')
  const requests = new Map()
  const of = id => requests.get(id) ?? requests.set(id, {}).get(id)
  wire.on('Network.requestWillBeSent', event => { of(event.requestId).url = event.request.url })
  wire.on('Network.requestWillBeSentExtraInfo', event => { of(event.requestId).asked = event.headers })
  wire.on('Network.responseReceivedExtraInfo', event => { of(event.requestId).answered = event.headers })
  wire.on('Network.responseReceived', event => { of(event.requestId).cached = event.response.fromDiskCache })
  wire.on('Network.loadingFinished', event => { of(event.requestId).bytes = event.encodedDataLength })
  const errors = []
  page.on('pageerror', error => errors.push(String(error)))
  const script = page.waitForResponse(response => new URL(response.url()).pathname.startsWith(prefix), { timeout: 60000 })
  await page.goto(`${url}?visit=${++visits}`, { waitUntil: 'networkidle', timeout: 60000 })
  const body = await (await script).body()
  const version = await page.evaluate(() => window.jQuery?.fn.jquery ?? '')
  const seen = [...requests.values()].find(request => request.url && new URL(request.url).pathname.startsWith(prefix)) ?? {}
  await page.close()
  console.log(JSON.stringify({ ...seen, errors, version, size: body.length, sha256: createHash('sha256').update(body).digest('hex') }))
}

try {
  await visit()
  for await (const _ of readline.createInterface({ input: process.stdin })) await visit()
} finally {
  await browser.close()
}
