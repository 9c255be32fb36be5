import type { Model, RefType } from './models.ts'
import { isMap } from './payload.ts'
import { valuesAt } from './payload-values.ts'

/** A reference of a payload to a blob (SpecStar's `Binary`). */
export interface BlobRef {
  readonly file_id: string
  readonly size?: unknown
  readonly content_type?: unknown
}

const BLOB_REF_KEYS = ['file_id', 'size', 'content_type']

/**
 * All references of a decoded payload to blobs, at any depth. A reference is a map whose `file_id` is a text that is
 * not empty, with no other keys than `size` and `content_type`.
 */
export const blobRefs = (payload: unknown): BlobRef[] => {
  const refs: BlobRef[] = []
  // An explicit stack: payloads can nest deeper than the call stack allows.
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

/** A reference of a payload to another resource or revision. */
export interface Reference {
  /** Dotted path of the field that contains the id. */
  readonly field: string
  /** The model of the other resource. */
  readonly target: string
  readonly id: string
  readonly ref_type: RefType
}

/** All references in the reference fields of a model. Values other than text, and empty text, are not references. */
export const references = (model: Pick<Model, 'references'>, payload: unknown): Reference[] =>
  model.references.flatMap(({ field, target, ref_type }) =>
    valuesAt(payload, field).flatMap((id) =>
      typeof id === 'string' && id !== '' ? [{ field, target, id, ref_type }] : [],
    ),
  )
