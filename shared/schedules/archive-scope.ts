import { z } from 'zod'
import type { Manifest } from '../archive/manifest.ts'
import { fingerprintOf } from '../jobs/identity.ts'

/** What an archive was meant to contain. */
export const ArchiveScope = z
  .object({
    models: z.array(z.string()).readonly(),
    /** The SHA-256 of the filters, in hex. Empty if there were none. Filters may have 128 KiB. */
    filters: z.string(),
  })
  .readonly()
export type ArchiveScope = z.output<typeof ArchiveScope>

/** Returns the scope that a manifest describes. */
export const scopeOf = ({ scope: { models, filters } }: Manifest): ArchiveScope => ({
  models,
  filters: Object.keys(filters).length === 0 ? '' : fingerprintOf(filters),
})

/** Returns whether every resource that belongs to the filters `narrow` also belongs to the filters `wide`. */
export const coversFilters = (wide: ArchiveScope, narrow: ArchiveScope): boolean =>
  wide.filters === '' || wide.filters === narrow.filters

/** Returns whether one scope is the same as another or wider. Different filters are never compared with each other. */
export const covers = (wide: ArchiveScope, narrow: ArchiveScope): boolean =>
  coversFilters(wide, narrow) && narrow.models.every((model) => wide.models.includes(model))
