import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const page = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  build: {
    rollupOptions: {
      output: {
        // Where the site was built must not show: the same sources give the same bytes.
        sourcemapPathTransform: (path) =>
          path.replace(path.includes("/node_modules/") ? /^.*\/(?=node_modules\/)/ : /^.*\/(?=src\/)/, "../"),
      },
      input: {
        home: page("index.html"),
        aizkorri: page("walks/aizkorri/index.html"),
        picos: page("walks/picos/index.html"),
        estuary: page("walks/estuary/index.html"),
        about: page("about/index.html"),
        lost: page("404.html"),
      },
    },
    // Real files, not data: URLs, so that there is something to cache.
    assetsInlineLimit: 0,
    sourcemap: true,
  },
});
