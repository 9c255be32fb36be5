import type { ResourceMeta, RevisionInfo } from '../../../shared/resources/attributes.ts'

export interface SampleRevision {
  readonly info: RevisionInfo
  /** The payload's exact bytes: compact JSON. */
  readonly payload: Buffer
}

export interface SampleBlob {
  readonly file_id: string
  readonly bytes: Buffer
  readonly content_type?: string
}

/** A resource with its whole history and the blobs that its revisions name. */
export interface SampleResource {
  readonly model: string
  readonly meta: ResourceMeta
  /** In the order of their numbers. */
  readonly revisions: readonly SampleRevision[]
  readonly blobs: readonly SampleBlob[]
}

/** SpecStar's Binary: how a payload names a blob. */
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
