import { shout } from './tools/shout.js'

document.querySelector('[data-click]')?.addEventListener('click', async event => {
  const { default: words } = await import('./tools/words.js')
  const image = new Image(8, 8)
  image.src = new URL('./dots.svg', import.meta.url).href
  const said = await (await fetch(new URL('./words.json', import.meta.url))).json()
  event.target.after(shout(words[0]), said.more, image)
})
