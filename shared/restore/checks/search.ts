import { compileFilters, type Filters } from '../../filters/filters.ts'
import { indexedDifferences } from '../../resources/indexed.ts'
import { decodePayload } from '../../resources/payload.ts'
import { MetadataView } from '../../resources/views.ts'
import type { Item } from '../../tables/item.ts'
import { instantOf } from '../../values/instant.ts'
import type { VerificationCheck } from './check.ts'

/**
 * Checks that each stored resource can be found by the filters for its archived id, times, users and deletion. Also
 * checks that its indexed values match its payload. If the indexed values already differed in the archive, this is only
 * reported.
 */
export const search = {
  name: 'search',

  checkResources: ({ model, now }, findings) => ({
    check: async ({ archived, stored }) => {
      if (stored.state !== 'read') return
      findings.addChecked(1)
      const subject = { model: model.name, resource_id: archived.id }
      for (const filters of filtersThatFind(archived.metadata)) {
        if (compileFilters(filters, { model, requestedAt: now })(stored.metadata)) continue
        const what = `not found by ${Object.keys(filters).join(', ')}`
        const values: unknown[] = Object.values(filters)
        findings.fail({ ...subject, what, expected: values.map(String).join(', '), actual: 'not found' })
      }
      const payload = await stored.currentPayload()
      if (payload === undefined) return
      const { indexedData } = new MetadataView(stored.metadata)
      const isAsArchived = indexedData === new MetadataView(archived.metadata).indexedData
      for (const { key, expected, actual } of indexedDifferences(model, indexedData, decodePayload(payload))) {
        const what = `indexed ${key}`
        if (isAsArchived)
          findings.reportSeparately({ ...subject, what: `${what}: already differed in the archive`, expected, actual })
        else findings.fail({ ...subject, what, expected, actual })
      }
    },
  }),
} as const satisfies VerificationCheck

/**
 * Returns filters for the archived values of a resource. Each filter must select the restored resource. Attributes that
 * the restore derives again are not used.
 */
const filtersThatFind = (archived: Item): Filters[] => {
  const { resourceId, createdTime, updatedTime, createdBy, updatedBy, isDeleted } = new MetadataView(archived)
  const created = instantOf(createdTime ?? '')
  const updated = instantOf(updatedTime ?? '')
  return [
    { ids: [resourceId] },
    ...(created === undefined ? [] : [{ created_time_start: created, created_time_end: created }]),
    ...(updated === undefined ? [] : [{ updated_time_start: updated, updated_time_end: updated }]),
    ...(createdBy === undefined ? [] : [{ created_bys: [createdBy] }]),
    ...(updatedBy === undefined ? [] : [{ updated_bys: [updatedBy] }]),
    { is_deleted: isDeleted },
  ]
}
