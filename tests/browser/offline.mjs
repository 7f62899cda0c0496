// One visitor of a site with a service worker, whose network can be cut: commands as JSON lines on stdin, an answer each.
//
//   node offline.mjs SPKI HOST:PORT
//
//   {"do": "visit", "path": "/"}     opens a page that stays open: what a person sees of it
//   {"do": "ask", "page": 0, "path": "/data.json"}      what that page fetches
//   {"do": "update", "page": 0}      the browser looks for a newer worker: after a visit it does so when the worker has
//                                    stopped, which none does under a debugger
//   {"do": "close"}                  all pages
//   {"do": "cut"}, {"do": "mend"}    the network; what the browser's own HTTP cache has is forgotten with it
//   {"do": "worker"}                 waits until a worker that was not there before is the only one: the names of all caches
//   {"do": "worker", "gone": true}   waits until there is none: the same
//
// SPKI: base64 SHA-256 of the certificate's public key; the browser trusts that one alone. The browser reaches
// HOST:PORT through a relay of ours, which is what is cut.
import { chromium } from 'playwright-core'
import net from 'node:net'
import readline from 'node:readline'

const PATIENCE = 60000
const [spki, target] = process.argv.slice(2)
const [host, port] = target.split(':')

const sockets = new Set()
const relay = net.createServer(near => {
  const far = net.connect(Number(port), host)
  for (const socket of [near, far]) {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => { near.destroy(); far.destroy(); sockets.delete(socket) })
  }
  near.pipe(far).pipe(near)
})
const listen = at => new Promise((resolve, reject) => relay.once('error', reject).listen(at, '127.0.0.1', resolve))
await listen(0)
const relayPort = relay.address().port
const origin = `https://localhost:${relayPort}`

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', `--ignore-certificate-errors-spki-list=${spki}`]
})
const context = await browser.newContext()
// A page that is no client of any worker looks on.
const looker = await context.newCDPSession(await context.newPage())
const versions = new Map()
let known
let changed = () => {}
looker.on('ServiceWorker.workerVersionUpdated', event => {
  for (const version of event.versions) versions.set(version.versionId, version.status)
  changed()
})
await looker.send('ServiceWorker.enable')

const pages = []
const commands = {
  async visit ({ path }) {
    const page = await context.newPage()
    pages.push(page)
    const errors = []
    page.on('pageerror', error => errors.push(String(error)))
    page.on('console', message => { if (message.type() === 'error') errors.push(message.text()) })
    try {
      const answer = await page.goto(origin + path, { waitUntil: 'load', timeout: PATIENCE })
      const seen = await page.evaluate(() => ({ text: document.body.innerText.trim(), color: getComputedStyle(document.body).color, script: window.release ?? '' }))
      return { ...seen, status: answer.status(), errors }
    } catch (error) {
      return { failed: String(error).split('\n')[0] }
    }
  },
  ask: ({ page, path }) => pages[page].evaluate(path => fetch(path).then(answer => answer.text()), path),
  update: ({ page }) => pages[page].evaluate(async () => {
    await (await navigator.serviceWorker.getRegistration()).update()
    return true
  }),
  async close () {
    for (const page of pages.splice(0)) await page.close()
    return true
  },
  async cut () {
    relay.close()
    for (const socket of sockets) socket.destroy()
    await looker.send('Network.clearBrowserCache')
    return true
  },
  async mend () {
    await listen(relayPort)
    return true
  },
  async worker ({ gone }) {
    const end = Date.now() + PATIENCE
    const living = () => [...versions].filter(([, status]) => status !== 'redundant')
    const reached = () => gone ? living().length === 0 : living().length === 1 && living()[0][0] !== known && living()[0][1] === 'activated'
    while (!reached()) {
      if (Date.now() > end) throw new Error(`workers are ${JSON.stringify(living())}, known was ${known}`)
      await new Promise(resolve => { changed = resolve; setTimeout(resolve, 1000) })
    }
    known = gone ? undefined : living()[0][0]
    const page = await context.newPage()
    await page.goto(`${origin}/nowhere`)
    const names = await page.evaluate(() => caches.keys())
    await page.close()
    return names
  }
}

try {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const command = JSON.parse(line)
    console.log(JSON.stringify(await commands[command.do](command)))
  }
} finally {
  await browser.close()
  relay.close()
}
