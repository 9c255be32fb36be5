import type { UnrestorableStoredResource } from '../../../../shared/archive/left-out.ts'
import type { RecordKey } from '../../../../shared/archive/record-line.ts'
import type { IdHashRange } from '../../../../shared/archive/salvaged-records.ts'
import type { BlobPaths } from '../../../../shared/resources/blob-paths.ts'
import type { Item } from '../../../../shared/tables/item.ts'

/** A record of an archive. */
export interface ContentsRecord extends RecordKey {
  readonly item: Item
  readonly fault?: undefined
}

/** A record that cannot be read, for example because its key is wrong. */
export interface FaultyContentsRecord {
  readonly model: string
  /** The id of the resource. Empty if the record does not contain it. */
  readonly id: string
  /** The resource id in the key of the record. Empty if the key contains none. Absent in a stream, which has no keys. */
  readonly idInKey?: string
  /** What is wrong, and where in the archive. */
  readonly fault: string
  /**
   * If present, the records of damaged bytes are lost here, and `id` is empty. These are the id hashes between which
   * they are.
   */
  readonly lost?: IdHashRange
}

/** Damage that is skipped. */
export interface ReadOptions {
  /**
   * If true, reading goes on after damage: `records` returns a record with `lost` in place of the lost records. `blobs`
   * calls `onLostBlobs`. By default, damage ends the iteration with an error.
   */
  readonly skipsDamage?: boolean
  readonly onLostBlobs?: (reason: string) => void
  /** Receives the damage between entries, by which no record is lost. */
  readonly onHarmlessDamage?: (damage: string) => void
}

export interface ContentsBlob {
  readonly file_id: string
  readonly size: number
  readonly sha256: string
  readonly content_type?: string
  /** Reads the bytes of the blob. Throws after the last piece if their checksum is wrong. */
  readonly read: () => AsyncIterable<Buffer>
  readonly fault?: undefined
}

/** A blob of a stream that cannot be read, for example because its file id is not the hash of its bytes. */
export interface FaultyContentsBlob {
  readonly file_id: string
  /** What is wrong, and where in the archive. */
  readonly fault: string
}

/** The description of an archive: of an archive of version 3, mainly the content of its manifest. */
export interface ArchiveDescription {
  readonly format: 'acbak' | 'specstar'
  readonly size: number
  /** These members are absent for a stream, which does not contain them. */
  readonly created_at?: string
  readonly job_id?: string
  readonly deployment?: string
  readonly region?: string
  readonly filters?: Readonly<Record<string, unknown>>
  readonly complete?: boolean
  /** False if no checksum covers the manifest, because the archive was packed again without its trailer. */
  readonly proven_manifest?: boolean
  readonly missing_blobs: number
  readonly left_out: number
  readonly models: Readonly<Record<string, { readonly resources: number; readonly revisions: number }>>
  readonly blobs: { readonly count: number; readonly bytes: number }
}

/** The content of an archive of version 3 or of a stream, in the same form. The caller must close it. */
export interface ArchiveContents {
  /** True if all bytes were read and checked when the archive was opened, so that `verify` would find nothing else. */
  readonly isReadAsWhole: boolean
  describe(): Promise<ArchiveDescription>
  /**
   * Returns the records of a model in batches, in the order of an archive: by id hash, and the metadata of a resource
   * before its revisions. If `ids` is given, returns only the records of these resources.
   */
  records(
    model: string,
    ids?: readonly string[],
    options?: Pick<ReadOptions, 'skipsDamage' | 'onHarmlessDamage'>,
  ): AsyncIterable<readonly (ContentsRecord | FaultyContentsRecord)[]>
  /** Returns the paths at which payloads of a model refer to blobs. Undefined if the archive does not state them. */
  blobPaths(model: string): BlobPaths
  /** Returns a spilled payload. Undefined if the archive does not contain it. */
  payload(sha256: string): Promise<Buffer | undefined>
  /** Returns all blobs in the order of an archive, without their content. */
  blobs(options?: ReadOptions): AsyncIterable<ContentsBlob | FaultyContentsBlob>
  /** Returns the blobs with the given ids that the archive contains, in any order. */
  findBlobs(fileIds: ReadonlySet<string>): AsyncIterable<ContentsBlob | FaultyContentsBlob>
  /** Returns true if the archive lists a blob as missing. False for a stream, which lists no blobs. */
  isMissing(fileId: string): boolean
  /** Returns the resources that the export left out. Empty for a stream, which does not list them. */
  leftOut(): AsyncIterable<UnrestorableStoredResource>
  close(): Promise<void>
}
