import { StrictMode, Suspense, lazy, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import sprite from './sprite.svg'
import photo from './photo.png'
import './styles.css'

const Lazy = lazy(() => import('./lazy.jsx'))

function App () {
  const [shown, show] = useState(false)
  const [sum, setSum] = useState('')
  useEffect(() => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
    worker.onmessage = event => { setSum(event.data) }
    worker.postMessage([1, 2, 3])
    return () => worker.terminate()
  }, [])
  return (
    <>
      <h1>Vite and React</h1>
      <svg width='16' height='16'><use href={`${sprite}#dot`} /></svg>
      <img src={photo} alt='' width='64' height='48' />
      <img src={new URL('./dots.svg', import.meta.url).href} alt='' width='8' height='8' />
      <p id='sum'>{sum}</p>
      <button data-click onClick={() => show(true)}>more</button>
      {shown && <Suspense fallback='…'><Lazy /></Suspense>}
    </>
  )
}

createRoot(document.getElementById('root')).render(<StrictMode><App /></StrictMode>)
