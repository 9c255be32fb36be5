import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import {
  encodeFrame,
  endFrame,
  eofFrame,
  headerFrame,
  metaFrame,
  revisionFrame,
  startFrame,
} from '../../shared/specstar/stream-frame.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'

export interface MadeResource {
  readonly id: string
  /** A payload for each revision, by its id; the last is the current one. */
  readonly revisions: Readonly<Record<string, Buffer | string>>
  /** Another one than the last. */
  readonly current?: string
  readonly indexed?: Readonly<Record<string, unknown>>
}

/** Models with their resources, and the bytes of blobs behind them. */
export type MadeModels = Readonly<Record<string, { resources?: readonly MadeResource[]; blobs?: readonly Buffer[] }>>

const time = new Timestamp('2026-01-05T08:30:00Z')
const common = { created_time: time, updated_time: time, created_by: 'ann', updated_by: 'ann' }
const packed = (fields: object): Buffer => encodeMsgpack(new Map(Object.entries(fields)))

const resourceFrames = ({ id, revisions, current, indexed }: MadeResource): Buffer[] => [
  metaFrame(
    packed({
      current_revision_id: current ?? Object.keys(revisions).at(-1),
      resource_id: id,
      total_revision_count: BigInt(Object.keys(revisions).length),
      ...common,
      ...(indexed === undefined ? {} : { indexed_data: new Map(Object.entries(indexed)) }),
    }),
  ),
  ...Object.entries(revisions).map(([revision_id, payload]) => {
    const uid = '00000000-0000-4000-8000-000000000000'
    const info = new Map(Object.entries({ uid, resource_id: id, revision_id, status: 'stable', ...common }))
    return revisionFrame(packed({ info, raw_data: Buffer.from(payload) }))
  }),
]

/** SpecStar's stream of these models. */
export const madeStream = (models: MadeModels): Buffer =>
  Buffer.concat([
    headerFrame(),
    ...Object.entries(models).flatMap(([name, { resources = [], blobs = [] }]) => [
      startFrame(name),
      ...resources.flatMap(resourceFrames),
      ...blobs.map((bytes, k) =>
        encodeFrame({
          t: 'BlobRecord',
          file_id: `blob ${k}`,
          blob_data: bytes,
          size: BigInt(bytes.length),
          content_type: '',
        }),
      ),
      endFrame(name),
    ]),
    eofFrame(),
  ])
