import { compileFilters, type Filters } from '../../filters/filters.ts'
import { instantOf } from '../../values/instant.ts'
import { indexedDifferences } from '../../resources/indexed.ts'
import type { Item } from '../../tables/item.ts'
import { MetadataView } from '../../resources/views.ts'
import { decodePayload } from '../../resources/payload.ts'
import type { Services } from '../../runtime/services.ts'
import { currentPayload } from '../target/current-payload.ts'
import type { Findings } from './findings.ts'

/**
 * Checks that a resource is found as filters and search find it: by its id, times and users, and that its indexed values
 * are what its payload gives by `models.json`. What the archive itself has so is told apart.
 */
export const checkSearch = async (
  services: Services,
  model: string,
  archived: Item,
  metadata: Item,
  revisions: readonly Item[],
  findings: Findings,
): Promise<void> => {
  findings.checked('search')
  const id = new MetadataView(archived).resourceId
  const scope = { model: services.models.get(model), requestedAt: services.clock() }
  for (const filters of ownFilters(archived)) {
    if (compileFilters(filters, scope)(metadata)) continue
    const expected: unknown[] = Object.values(filters)
    findings.fail('search', {
      model,
      resource_id: id,
      what: `not found by ${Object.keys(filters).join(', ')}`,
      expected: expected.map(String).join(', '),
      actual: 'not found',
    })
  }
  const payload = await currentPayload(services, metadata, revisions)
  if (payload === undefined) return
  const text = new MetadataView(metadata).indexedData
  const asArchived = text === new MetadataView(archived).indexedData
  for (const { key, expected, actual } of indexedDifferences(
    services.models.get(model),
    text,
    decodePayload(payload),
  )) {
    const finding = { model, resource_id: id, expected, actual }
    if (asArchived)
      findings.reportSeparately('search', { ...finding, what: `indexed ${key}: was already so in the archive` })
    else findings.fail('search', { ...finding, what: `indexed ${key}` })
  }
}

/**
 * Filters that must each find this resource alone by what the archive says of it. Times are those that came with it: what is
 * derived of them may be of another hand, and is made anew.
 */
const ownFilters = (archived: Item): Filters[] => {
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
