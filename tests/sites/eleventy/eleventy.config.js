export default function (config) {
  config.ignores.add('assets/**')
  config.addPassthroughCopy('assets')
  config.addPassthroughCopy({ 'assets/icon.svg': 'favicon.svg' })
  return { pathPrefix: '/' }
}
