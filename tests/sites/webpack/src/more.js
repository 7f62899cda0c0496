import dots from './dots.svg'
import './more.css'

export function more () {
  const image = new Image(8, 8)
  image.src = dots
  document.body.append(image, 'loaded later')
  const later = new Image(8, 8)
  later.src = new URL('./late.svg', import.meta.url).href
  document.body.append(later)
}
