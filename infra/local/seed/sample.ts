import type { ResourceMeta, RevisionInfo } from '../../../shared/resources/attributes.ts'

export interface SampleRevision {
  readonly info: RevisionInfo
  /** The bytes of the payload: compact JSON. */
  readonly payload: Buffer
}

export interface SampleBlob {
  readonly file_id: string
  readonly bytes: Buffer
  readonly content_type?: string
}

/** A resource with its stored revisions and the blobs that they refer to. */
export interface SampleResource {
  readonly model: string
  readonly meta: ResourceMeta
  /** The stored revisions, in ascending order of their numbers. */
  readonly revisions: readonly SampleRevision[]
  readonly blobs: readonly SampleBlob[]
}

/** A field of a payload that refers to a blob. SpecStar calls this type `Binary`. */
interface Binary {
  readonly file_id: string
  readonly size: number
  readonly content_type?: string
}

export const binaryOf = ({ file_id, bytes, content_type }: SampleBlob): Binary => ({
  file_id,
  size: bytes.length,
  ...(content_type === undefined ? {} : { content_type }),
})
