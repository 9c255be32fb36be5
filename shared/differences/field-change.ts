import { jsonPointer, type ValueChange } from './compare-values.ts'
import { type FieldValue, fieldValue } from './field-value.ts'

/** A changed field in an answer. */
export interface FieldChange {
  /** A JSON pointer that begins with `/metadata`, `/revision` or `/payload`. */
  readonly path: string
  readonly op: ValueChange['op']
  /** Absent if only the new version has the field. */
  readonly old?: FieldValue
  /** Absent if only the old version has the field. */
  readonly new?: FieldValue
}

/** Returns a change for an answer. Cuts its values. */
export const fieldChange = (change: ValueChange): FieldChange => ({
  path: jsonPointer(change.path),
  op: change.op,
  ...(change.op === 'add' ? {} : { old: fieldValue(change.old) }),
  ...(change.op === 'remove' ? {} : { new: fieldValue(change.new) }),
})
