import * as z from 'zod'
import type { Manifest } from '../archive/manifest.ts'
import { fingerprintOf } from '../jobs/identity.ts'

/** The models and filters of the export that wrote an archive. */
export const ArchiveScope = z
  .object({
    models: z.array(z.string()).readonly(),
    /** The SHA-256 of the filters, in hex. The filters themselves may have 128 KiB. Empty if there are no filters. */
    filters: z.string(),
  })
  .readonly()
export type ArchiveScope = z.output<typeof ArchiveScope>

/** Returns the scope that a manifest describes. */
export const scopeOf = ({ scope: { models, filters } }: Manifest): ArchiveScope => ({
  models,
  filters: Object.keys(filters).length === 0 ? '' : fingerprintOf(filters),
})

/**
 * Returns true if the filters of `wide` certainly select every resource that the filters of `narrow` select. This is
 * certain only if `wide` has no filters, or if both have the same filters.
 */
export const coversFilters = (wide: Pick<ArchiveScope, 'filters'>, narrow: Pick<ArchiveScope, 'filters'>): boolean =>
  wide.filters === '' || wide.filters === narrow.filters

/** Returns true if the scope `wide` contains all models of `narrow`, and `coversFilters` is true of their filters. */
export const covers = (wide: ArchiveScope, narrow: ArchiveScope): boolean =>
  coversFilters(wide, narrow) && narrow.models.every((model) => wide.models.includes(model))
