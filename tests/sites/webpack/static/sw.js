self.addEventListener('install', event => {
  event.waitUntil(caches.open('offline').then(cache => cache.addAll(['/', '/main.js', '/main.css', '/mark.svg'])))
  self.skipWaiting()
})
self.addEventListener('activate', event => event.waitUntil(clients.claim()))
