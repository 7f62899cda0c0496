import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const page = path => fileURLToPath(new URL(path, import.meta.url))

// A relative base: scripts find their files by new URL(…, import.meta.url).
export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic' },
  worker: { format: 'es' },
  build: {
    assetsInlineLimit: 0,
    sourcemap: true,
    target: 'esnext',
    rollupOptions: { input: { home: page('index.html'), deep: page('deep/index.html') } }
  }
})
