import './styles.css'

const { total } = await import('./total.js')
document.body.append(`total ${total([4, 5])}`)
