import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { must } from '../values/must.ts'
import { compareBytes } from '../values/text-order.ts'
import { ArchiveInvalidError, UnsupportedVersionError } from './errors.ts'
import { isDeeperThan } from '../values/json-depth.ts'
import { MAX_INDEX_BYTES, MAX_MANIFEST_BYTES, MAX_MANIFEST_LEVELS } from './limits.ts'
import { type Manifest, ManifestSchema, type ManifestSegment } from './manifest.ts'
import { BLOCK, paddedSize } from './tar-header.ts'

const VersionSchema = z.object({ format: z.literal('acbak'), version: z.int() })

/** Parses `manifest.json`. Throws `UnsupportedVersionError`, or `ArchiveInvalidError` naming the member. */
export const parseManifest = (bytes: Buffer): Manifest => {
  if (bytes.length > MAX_MANIFEST_BYTES) throw new ArchiveInvalidError(`a manifest of ${bytes.length} bytes`)
  if (!isUtf8(bytes) || isDeeperThan(bytes, MAX_MANIFEST_LEVELS))
    throw new ArchiveInvalidError('manifest.json is not UTF-8, or nests too deep')
  const json = parseJson(bytes)
  const version = VersionSchema.safeParse(json)
  if (version.success && version.data.version !== 3) throw new UnsupportedVersionError(version.data.version)
  const manifest = ManifestSchema.safeParse(json)
  if (!manifest.success) throw new ArchiveInvalidError(`manifest.json: ${firstIssue(manifest.error)}`)
  checkMeaning(manifest.data)
  return manifest.data
}

const parseJson = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString(), refuseProto)
  } catch (error) {
    if (error instanceof ArchiveInvalidError) throw error
    throw new ArchiveInvalidError('manifest.json is not JSON')
  }
}

/** What reads a map by its names passes over this one without a word. */
const refuseProto = (name: string, value: unknown): unknown => {
  if (name === '__proto__') throw new ArchiveInvalidError('manifest.json has a member __proto__')
  return value
}

/** The first thing that a schema found, as one line. */
export const firstIssue = ({ issues }: z.ZodError): string => {
  const { path, message } = must(issues[0])
  return `${path.map(String).join('.')}: ${message}`
}

function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ArchiveInvalidError(`manifest.json: ${what}`)
}

/** Rules that hold wherever the segments lie. */
const checkMeaning = (manifest: Manifest): void => {
  const { scope, models, missing_blobs, complete, segments } = manifest
  demand(isAscending(scope.models), 'scope.models is not sorted, or names a model twice')
  const named = Object.keys(models).sort(compareBytes)
  demand(
    named.length === scope.models.length && named.every((model, k) => model === scope.models[k]),
    'models are not those of scope.models',
  )
  demand(isAscending(missing_blobs), 'missing_blobs is not sorted, or names a blob twice')
  demand(complete === (missing_blobs.length === 0), 'complete does not go with missing_blobs')
  checkOrder(segments)
  for (const [model, { resources }] of Object.entries(models)) {
    const has = segments.some((segment) => segment.model === model)
    demand(has === resources > 0, `model ${model} has ${resources} resources and ${has ? 'a' : 'no'} segment`)
  }
  demand(
    segments.every(({ model }) => model === undefined || Object.hasOwn(models, model)),
    'a segment of a model that models does not name',
  )
}

const isAscending = (texts: readonly string[]): boolean =>
  texts.slice(1).every((text, k) => compareBytes(must(texts[k]), text) < 0)

/** Records by model and place, each segment a run of whole buckets; then what has no model. */
const checkOrder = (segments: readonly ManifestSegment[]): void => {
  let before: { readonly model: string; readonly last_h: string } | undefined
  let recordsEnded = false
  for (const [k, { model, first_h, last_h, index, unpacked_size }] of segments.entries()) {
    demand(
      index.unpacked_size <= MAX_INDEX_BYTES && index.size <= MAX_INDEX_BYTES,
      `the index of segment ${k} is too large`,
    )
    if (model === undefined) {
      demand(
        first_h === undefined && last_h === undefined && unpacked_size === 0,
        `segment ${k} has no model, but places`,
      )
      recordsEnded = true
      continue
    }
    demand(
      first_h !== undefined && last_h !== undefined && first_h <= last_h,
      `segment ${k} of records has no first_h and last_h in order`,
    )
    demand(
      !recordsEnded && (before === undefined || compareBytes(before.model, model) <= 0),
      `segment ${k} of model ${model} is out of order`,
    )
    if (before?.model === model)
      demand(
        before.last_h.slice(0, 4) < first_h.slice(0, 4),
        `segment ${k} of model ${model} is no run of whole buckets after the one before it`,
      )
    before = { model, last_h }
  }
}

/** Segments lie end to end from 0 to `end`, where the manifest's header begins; each ends with its index. */
export const checkGeometry = ({ segments }: Manifest, end: number): void => {
  let at = 0
  for (const [k, { offset, size, index }] of segments.entries()) {
    demand(offset === at && size % BLOCK === 0, `segment ${k} does not begin where the one before it ends`)
    demand(
      index.offset % BLOCK === 0 &&
        index.offset >= offset + 2 * BLOCK &&
        index.offset + paddedSize(index.size) === offset + size,
      `the index of segment ${k} is not its last entry`,
    )
    at += size
  }
  demand(at === end, 'the segments do not end where the manifest begins')
}
