import './page.css'

document.getElementById('more').addEventListener('click', async () => {
  const { more } = await import(/* webpackChunkName: "more" */ './more.js')
  more()
})

navigator.serviceWorker.register('/sw.js')
navigator.serviceWorker.ready.then(async () => {
  const cache = await caches.open('offline')
  document.getElementById('worker').textContent = `offline: ${(await cache.keys()).length} files`
})
