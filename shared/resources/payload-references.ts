import type { Model, RefType } from './models.ts'
import { isMap } from './payload.ts'
import { valuesAt } from './payload-values.ts'

/** A reference to a blob in a payload. SpecStar's type for it is `Binary`. */
interface BlobRef {
  readonly file_id: string
  readonly size?: unknown
  readonly content_type?: unknown
}

const BLOB_REF_KEYS = ['file_id', 'size', 'content_type']

/**
 * Returns all references to blobs in a decoded payload, at any depth. A reference is a map whose `file_id` is a string
 * that is not empty. Besides `file_id`, the map may only have the keys `size` and `content_type`.
 */
export const blobRefs = (payload: unknown): BlobRef[] => {
  const refs: BlobRef[] = []
  // Recursion would fail, because payloads can be nested deeper than the call stack allows.
  const stack: unknown[] = [payload]
  while (stack.length > 0) {
    const value = stack.pop()
    if (Array.isArray(value)) for (const inner of value) stack.push(inner)
    else if (isMap(value)) {
      const { file_id, size, content_type } = value
      if (
        typeof file_id === 'string' &&
        file_id !== '' &&
        Object.keys(value).every((key) => BLOB_REF_KEYS.includes(key))
      )
        refs.push({
          file_id,
          ...(size === undefined ? {} : { size }),
          ...(content_type === undefined ? {} : { content_type }),
        })
      else for (const inner of Object.values(value)) stack.push(inner)
    }
  }
  return refs
}

/** A reference in a payload to another resource or to one of its revisions. */
interface Reference {
  /** The dotted path of the field that contains the id. */
  readonly field: string
  /** The name of the other resource's model. */
  readonly target: string
  readonly id: string
  readonly ref_type: RefType
}

/**
 * Returns all references in the reference fields of a model. Empty strings and values that are not strings are not
 * references.
 */
export const references = (model: Pick<Model, 'references'>, payload: unknown): Reference[] =>
  model.references.flatMap(({ field, target, ref_type }) =>
    valuesAt(payload, field).flatMap((id) =>
      typeof id === 'string' && id !== '' ? [{ field, target, id, ref_type }] : [],
    ),
  )
