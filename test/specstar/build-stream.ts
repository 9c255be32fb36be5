import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import {
  encodeFrame,
  eofFrame,
  headerFrame,
  metadataFrame,
  modelEndFrame,
  modelStartFrame,
  revisionFrame,
} from '../../shared/specstar/stream-frame.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'

export interface ResourceSpec {
  readonly id: string
  /** The payload of each revision, by revision id. */
  readonly revisions: Readonly<Record<string, Buffer | string>>
  /** The id of the current revision. By default, the last one. */
  readonly currentRevisionId?: string
  readonly indexed?: Readonly<Record<string, unknown>>
  /** The `data_hash` of all revisions. By default, they have none. */
  readonly dataHash?: string
  /** Whether the stream contains only the revisions of the resource. */
  readonly withoutMetadata?: boolean
}

export interface ModelSpec {
  readonly resources?: readonly ResourceSpec[]
  /** The bytes of the blobs. */
  readonly blobs?: readonly Buffer[]
  /** Records between the resources and the blobs. */
  readonly records?: readonly Buffer[]
  /** The content type of the blobs. By default, they have none. */
  readonly contentType?: string
  /** Whether all metadata precedes all revisions, as in streams of SpecStar's predecessor. By default, it does not. */
  readonly metadataFirst?: boolean
}

export type ModelSpecs = Readonly<Record<string, ModelSpec>>

const time = new Timestamp('2026-01-05T08:30:00Z')
const common = { created_time: time, updated_time: time, created_by: 'ann', updated_by: 'ann' }
const encodeFields = (fields: object): Buffer => encodeMsgpack(new Map(Object.entries(fields)))

const metadataOf = ({ id, revisions, currentRevisionId, indexed, withoutMetadata }: ResourceSpec): Buffer[] =>
  withoutMetadata === true
    ? []
    : [
        metadataFrame(
          encodeFields({
            current_revision_id: currentRevisionId ?? Object.keys(revisions).at(-1),
            resource_id: id,
            total_revision_count: BigInt(Object.keys(revisions).length),
            ...common,
            ...(indexed === undefined ? {} : { indexed_data: new Map(Object.entries(indexed)) }),
          }),
        ),
      ]

const revisionsOf = ({ id, revisions, dataHash }: ResourceSpec): Buffer[] =>
  Object.entries(revisions).map(([revision_id, payload]) => {
    const uid = '00000000-0000-4000-8000-000000000000'
    const hash = dataHash === undefined ? {} : { data_hash: dataHash }
    const info = new Map(Object.entries({ uid, resource_id: id, revision_id, status: 'stable', ...common, ...hash }))
    return revisionFrame(encodeFields({ info, raw_data: Buffer.from(payload) }))
  })

const resourceFrames = ({ resources = [], metadataFirst = false }: ModelSpec): Buffer[] =>
  metadataFirst
    ? [...resources.flatMap(metadataOf), ...resources.flatMap(revisionsOf)]
    : resources.flatMap((resource) => [...metadataOf(resource), ...revisionsOf(resource)])

/** Builds a stream of SpecStar. The file ids of the blobs are `blob 0`, `blob 1`, …. */
export const buildStream = (models: ModelSpecs): Buffer =>
  Buffer.concat([
    headerFrame(),
    ...Object.entries(models).flatMap(([name, model]) => [
      modelStartFrame(name),
      ...resourceFrames(model),
      ...(model.records ?? []),
      ...(model.blobs ?? []).map((bytes, k) =>
        encodeFrame({
          t: 'BlobRecord',
          file_id: `blob ${k}`,
          blob_data: bytes,
          size: BigInt(bytes.length),
          content_type: model.contentType ?? '',
        }),
      ),
      modelEndFrame(name),
    ]),
    eofFrame(),
  ])
