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
  /** In ascending order of their numbers. */
  readonly revisions: readonly SampleRevision[]
  readonly blobs: readonly SampleBlob[]
}

/** SpecStar's `Binary`: a reference to a blob in a payload. */
export interface Binary {
  readonly file_id: string
  readonly size: number
  readonly content_type?: string
}

export const binaryOf = ({ file_id, bytes, content_type }: SampleBlob): Binary => ({
  file_id,
  size: bytes.length,
  ...(content_type === undefined ? {} : { content_type }),
})
