import { total } from './total.js'

onmessage = event => postMessage(`sum ${total(event.data)}`)
