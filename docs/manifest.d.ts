// The manifest of a release, version 1: docs/manifest-format.md says what each member means,
// docs/manifest.schema.json is the same for validators.
export interface Manifest {
  version: 1
  entries: Entry[]
  fallback?: string
  not_found?: string
}

export interface Entry {
  path: string
  source?: string
  sha256: string
  size: number
  type: string
  cache: 'immutable' | 'page' | 'asset' | 'revalidate'
  width?: number
  height?: number
  variants?: Variant[]
  links?: string[]
  notes?: Record<string, string>
}

export type Variant = CodedVariant | DeltaVariant | ImageVariant

export interface CodedVariant {
  coding: 'br' | 'gzip' | 'zstd'
  sha256: string
  size: number
}

export interface DeltaVariant {
  coding: 'dcz'
  dictionary: string
  sha256: string
  size: number
}

export interface ImageVariant {
  type: `image/${string}`
  width: number
  height?: number
  path: string
  sha256: string
  size: number
}
