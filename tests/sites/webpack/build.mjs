// Names without hashes, as webpack gives them by default.
import { cpSync } from 'node:fs'
import { createRequire } from 'node:module'
import MiniCssExtractPlugin from 'mini-css-extract-plugin'
import webpack from 'webpack'

const [source, out] = process.argv.slice(2)
cpSync(`${source}/static`, out, { recursive: true })
const stats = await new Promise((resolve, reject) => webpack({
  mode: 'production',
  context: source,
  entry: './src/index.js',
  devtool: 'source-map',
  output: { path: out, publicPath: 'auto', assetModuleFilename: 'assets/[name][ext]', chunkFilename: '[name].chunk.js' },
  module: {
    rules: [
      { test: /\.css$/, use: [MiniCssExtractPlugin.loader, createRequire(import.meta.url).resolve('css-loader')] },
      { test: /\.svg$/, type: 'asset/resource' }
    ]
  },
  plugins: [new MiniCssExtractPlugin()]
}, (error, stats) => error ? reject(error) : resolve(stats)))
if (stats.hasErrors()) {
  console.error(stats.toString())
  process.exit(1)
}
