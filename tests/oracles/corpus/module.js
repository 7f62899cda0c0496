import './side-effect.js'
import a, { b as c } from "./names.js"
import * as d from './star.js'
export { e } from './export.js'
export * from "./export-star.js"
import json from './data.json' with { type: 'json' }
const lazy = () => import('./lazy.js')
const template = () => import(`./template.js`)
const made = name => import('./pieces/' + name + '.js')
const asset = new URL('./asset.svg', import.meta.url)
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: 'module' })
const regex = /import('.\/regex.js')/
const text = "import('./text.js')" // import('./comment.js')
const division = 4 / 2 / import.meta.url.length
const html = `<script type="module">import './inside.js'</` + 'script>'
const nested = `${import('./nested.js')}`
const object = { import: x => x, from: './from.js' }
object.import('./method.js')
export default a
