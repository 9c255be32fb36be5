import * as z from 'zod'
import { fieldChange, type FieldChange } from '../../shared/differences/field-change.ts'
import { FieldValue } from '../../shared/differences/field-value.ts'
import type { CurrentDifference } from '../../shared/restore/differences/current-differences.ts'
import { DifferenceGroup } from '../../shared/restore/messages/differences.ts'
import { bytesInResponse } from '../../shared/values/response-size.ts'

/** What a restore would do to the field: add it, remove it or replace its value. */
const Op = z.enum(['add', 'remove', 'replace'])

const Field = z
  .object({
    path: z.string().describe('A JSON pointer that begins with `/metadata`, `/payload` or `/revision`'),
    op: Op,
    archived: z.exactOptional(FieldValue).describe('The value in the archive. Absent if only the store has the field'),
    stored: z.exactOptional(FieldValue).describe('The value in the store. Absent if only the archive has the field'),
  })
  .readonly()

const Revision = z
  .object({
    revision_id: z.string(),
    schema_version: z.exactOptional(z.string()),
    op: Op,
    fields: z
      .exactOptional(z.array(Field).readonly())
      .describe('The first changed fields. Present only for `replace`. Empty if earlier revisions have many changes'),
    fields_total: z.exactOptional(z.int()).describe('The number of all these fields. Present only for `replace`'),
  })
  .readonly()

/** A resource that differs. With `detail=fields`, it also contains what differs. */
export const DetailedDifference = z
  .object({
    group: DifferenceGroup,
    model: z.string(),
    resource_id: z.string(),
    now: z
      .exactOptional(z.enum(['same', 'changed', 'torn', 'without_metadata', 'missing', 'too_large', 'not_compared']))
      .describe(
        'The result of the comparison with the store as it is now. Present only for `detail=fields` and group `changed`',
      ),
    fields: z
      .exactOptional(z.array(Field).readonly())
      .describe('The first changed fields of the metadata and of the payload of the current revision'),
    fields_total: z.exactOptional(z.int()).describe('The number of all these fields'),
    revisions: z
      .exactOptional(z.array(Revision).readonly())
      .describe('The first revisions that were added or removed, or whose attributes or payload differ'),
    revisions_total: z.exactOptional(z.int()).describe('The number of all these revisions'),
  })
  .readonly()
export type DetailedDifference = z.output<typeof DetailedDifference>

/** The largest numbers of fields and of revisions of a resource. */
const MAX_FIELDS = 100
const MAX_REVISIONS = 100
/**
 * The largest size of one resource, in bytes of the response. Values are cut, but the names of fields are not. With the
 * resources before it, such a resource still fits into a response.
 */
const RESOURCE_BYTES = 4 * 1024 * 1024

/**
 * Returns a resource with the result of its comparison with the store. If its fields do not fit into a response, the
 * resource is `too_large`.
 */
export const detailedDifference = (
  resource: Pick<DetailedDifference, 'group' | 'model' | 'resource_id'>,
  current: CurrentDifference,
): DetailedDifference => {
  const detailed = { ...resource, ...detailOf(current) }
  return bytesInResponse(detailed) > RESOURCE_BYTES ? { ...resource, now: 'too_large' } : detailed
}

const detailOf = (current: CurrentDifference): Omit<DetailedDifference, 'group' | 'model' | 'resource_id'> => {
  if (!('changes' in current)) return { now: current.now }
  let left = MAX_FIELDS
  const revisions = current.revisions.slice(0, MAX_REVISIONS).map(({ changes, ...revision }) => {
    const fields = changes.slice(0, left)
    left -= fields.length
    return {
      ...revision,
      ...(changes.length === 0
        ? {}
        : { fields: fields.map((change) => field(fieldChange(change))), fields_total: changes.length }),
    }
  })
  return {
    now: current.now,
    fields: current.changes.slice(0, MAX_FIELDS).map((change) => field(fieldChange(change))),
    fields_total: current.changes.length,
    revisions,
    revisions_total: current.revisions.length,
  }
}

const field = ({ path, op, old, new: next }: FieldChange): z.output<typeof Field> => ({
  path,
  op,
  ...(next === undefined ? {} : { archived: next }),
  ...(old === undefined ? {} : { stored: old }),
})
