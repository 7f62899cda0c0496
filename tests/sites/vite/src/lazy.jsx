import large from './large.png'
import './lazy.css'

export default function Lazy () {
  return <section className='lazy'><h2>Loaded later</h2><img src={large} alt='' width='64' height='48' /></section>
}
