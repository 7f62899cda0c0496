#include "pipeline/steps/service_worker_text.h"

#include "core/asset/site_path.h"

namespace skerry::pipeline {
namespace {

constexpr char kActive[] = R"(

function list(files) {
  return new Map(files.map(([path, sha256]) => [new URL(path, location).href, sha256]))
}

// A file that is not (or no longer) this release's is refused by its digest.
async function fill() {
  const cache = await caches.open(name)
  const kept = new Set((await cache.keys()).map(request => request.url))
  const requests = (files, mode) => [...files].filter(([url]) => !kept.has(url))
    .map(([url, sha256]) => new Request(url, { cache: mode, integrity: 'sha256-' + sha256 }))
  await cache.addAll([...requests(hashed, 'default'), ...requests(named, 'no-cache')])
}

async function cached(url) {
  return (await caches.open(name)).match(url, { ignoreVary: true })
}

// No file of the site has such a name: hidden ones are not published.
const mark = client => new URL(base + '.from-cache/' + client, location).href

// Pages: from the network; without it from the cache, which then serves all that they load.
async function page(event, url) {
  try {
    return await event.preloadResponse || await fetch(event.request)
  } catch (error) {
    const path = url.pathname.replace(/\/$/, '/index.html')
    const answer = await cached(path) || offline && await cached(offline)
    if (!answer) throw error
    await (await caches.open(name)).put(mark(event.resultingClientId), new Response())
    return answer
  }
}

async function file(event, url) {
  const ours = hashed.has(url) || await cached(mark(event.clientId))
  return ours && await cached(url) || fetch(event.request)
}

self.addEventListener('install', event => event.waitUntil(fill()))

self.addEventListener('activate', event => event.waitUntil((async () => {
  for (const key of await caches.keys())
    if (key.startsWith(prefix) && key !== name) await caches.delete(key)
  await self.registration.navigationPreload?.enable()
  await fill().catch(() => {}) // what the browser dropped meanwhile
})()))

self.addEventListener('fetch', event => {
  const { request } = event
  const url = new URL(request.url)
  url.hash = ''
  if (request.method !== 'GET' || request.headers.has('range')) return
  if (request.mode === 'navigate') event.respondWith(page(event, url))
  else if (hashed.has(url.href) || named.has(url.href)) event.respondWith(file(event, url.href))
})
)";

constexpr char kRetired[] = R"(
// Retired: removes its caches and itself. Open pages go on without it.
self.addEventListener('install', () => self.skipWaiting())

self.addEventListener('activate', event => event.waitUntil((async () => {
  for (const key of await caches.keys())
    if (key.startsWith(prefix)) await caches.delete(key)
  await self.registration.unregister()
})()))
)";

std::string Quoted(const std::string& url) { return "\"" + url + "\""; }

std::string Head(const std::string& base) {
  const std::string url = asset::UrlOfSitePath(base);
  return "const base = " + Quoted(url) + "\nconst prefix = " + Quoted("skerry " + url + " ") + "\n";
}

}  // namespace

std::string ActiveWorker(const WorkerText& text) {
  return "// Service worker of one release, written by skerry-pipeline.\n" + Head(text.base) +
         "const name = prefix + " + Quoted(text.id) + "\nconst offline = " + Quoted(text.offline) +
         "\n\n// [URL, SHA-256] of files whose names hold their hash.\nconst hashed = list([\n" +
         text.hashed + "])\n// And of pages and other files.\nconst named = list([\n" + text.named +
         "])\n" + kActive;
}

std::string RetiredWorker(const std::string& base) {
  return "// Service worker, written by skerry-pipeline.\n" + Head(base) + kRetired;
}

}  // namespace skerry::pipeline
