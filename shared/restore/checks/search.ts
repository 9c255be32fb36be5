import { compileFilters, type Filters } from '../../filters/filters.ts'
import { type IndexedDifference, indexedDifferences } from '../../resources/indexed.ts'
import { decodePayload } from '../../resources/payload.ts'
import { MetadataView } from '../../resources/views.ts'
import type { Item } from '../../tables/item.ts'
import { describeJson } from '../../values/describe-json.ts'
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
      for (const filters of filtersThatFind(archived.metadata, stored.metadata)) {
        if (compileFilters(filters, { model, requestedAt: now })(stored.metadata)) continue
        const what = `not found by ${Object.keys(filters).join(', ')}`
        findings.fail({ ...subject, what, expected: 'found by the archived value', actual: 'not found' })
      }
      const payload = await stored.currentPayload()
      if (payload === undefined) return
      const { indexedData } = new MetadataView(stored.metadata)
      const isAsArchived = indexedData === new MetadataView(archived.metadata).indexedData
      for (const { key, ...values } of indexedDifferences(model, indexedData, decodePayload(payload))) {
        const what = `indexed ${key}`
        const finding = { ...subject, ...withoutValues(values) }
        if (isAsArchived) findings.reportSeparately({ ...finding, what: `${what}: already differed in the archive` })
        else findings.fail({ ...finding, what })
      }
    },
  }),
} as const satisfies VerificationCheck

/** Describes the values without stating them, because findings are stored in reports. */
const withoutValues = ({ expected, actual }: Pick<IndexedDifference, 'expected' | 'actual'>) => ({
  expected: `the value in the payload, ${describeJson(expected)}`,
  actual: actual === 'absent' ? actual : `another value, ${describeJson(actual)}`,
})

/**
 * Returns filters for the archived values of a resource. Each filter must select the restored resource. A filter that
 * selects the archived resource also selects the stored resource if both have the same value. Filters are therefore
 * returned only for values that differ. Attributes that the restore derives again are not used.
 */
const filtersThatFind = (archivedItem: Item, storedItem: Item): Filters[] => {
  const archived = new MetadataView(archivedItem)
  const stored = new MetadataView(storedItem)
  const filters: Filters[] = []
  const { resourceId, createdTime, updatedTime, createdBy, updatedBy, isDeleted } = archived
  if (resourceId !== stored.resourceId) filters.push({ ids: [resourceId] })
  if (createdTime !== stored.createdTime) filters.push(...window('created_time', createdTime))
  if (updatedTime !== stored.updatedTime) filters.push(...window('updated_time', updatedTime))
  if (createdBy !== undefined && createdBy !== stored.createdBy) filters.push({ created_bys: [createdBy] })
  if (updatedBy !== undefined && updatedBy !== stored.updatedBy) filters.push({ updated_bys: [updatedBy] })
  if (isDeleted !== stored.isDeleted) filters.push({ is_deleted: isDeleted })
  return filters
}

/** Returns a filter that selects only this time. Returns no filter if the string is not a time. */
const window = (field: 'created_time' | 'updated_time', time: string | undefined): Filters[] => {
  const instant = instantOf(time ?? '')
  return instant === undefined ? [] : [{ [`${field}_start`]: instant, [`${field}_end`]: instant }]
}
