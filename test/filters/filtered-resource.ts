import { compileFilters } from '../../shared/filters/filters.ts'
import type { Item } from '../../shared/tables/item.ts'
import { madeResource } from '../resources/made-resources.ts'

/** What filters are compiled with. */
export const scope = {
  model: { name: 'm', indexed: [], references: [] },
  requestedAt: new Date('2026-01-05T00:00:00Z'),
}
/** The metadata of a resource. */
export const { metadata } = madeResource('m', 1, {
  id: 'one',
  meta: {
    created_time: '2026-01-05T08:30:00.000001+08:00',
    updated_time: '2026-02-01T00:00:00',
    created_by: 'alice',
    updated_by: 'Bob',
  },
})

export const matchesQb = (qb: string, item: Item): boolean => compileFilters({ qb }, scope)(item)
