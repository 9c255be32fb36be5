import { isUtf8 } from 'node:buffer'
import * as z from 'zod'
import { LEFT_OUT_NAME, type LeftOut, MAX_LEFT_OUT_IN_MANIFEST } from './left-out.ts'
import { isDeeperThan } from '../values/json-depth.ts'
import { pathText } from '../values/message-text.ts'
import { must } from '../values/must.ts'
import { schemaMessage } from '../values/schema-messages.ts'
import { compareBytes } from '../values/text-order.ts'
import { ArchiveInvalidError, UnsupportedVersionError } from './errors.ts'
import { MAX_INDEX_BYTES, MAX_LEFT_OUT_BYTES, MAX_MANIFEST_BYTES, MAX_MANIFEST_LEVELS } from './limits.ts'
import { type Manifest, ManifestSchema, type ManifestSegment } from './manifest.ts'
import { BLOCK, paddedSize } from './tar-header.ts'

const VersionSchema = z.object({ format: z.literal('acbak'), version: z.int() })

/** Throws `ArchiveInvalidError` if a manifest of `size` bytes is too large to be read into memory. */
export const checkManifestSize = (size: number): void => {
  ensure(size <= MAX_MANIFEST_BYTES, `the manifest has ${size} bytes; at most ${MAX_MANIFEST_BYTES} are allowed`)
}

/**
 * Parses and checks `manifest.json`. Throws `UnsupportedVersionError` if the version is not 3. Throws
 * `ArchiveInvalidError` if the manifest is invalid, with the path of the invalid member in the message.
 */
export const parseManifest = (bytes: Buffer): Manifest => {
  checkManifestSize(bytes.length)
  ensure(isUtf8(bytes), 'the manifest is not UTF-8')
  ensure(!isDeeperThan(bytes, MAX_MANIFEST_LEVELS), `the manifest is nested deeper than ${MAX_MANIFEST_LEVELS} levels`)
  const json = parseJson(bytes)
  const version = VersionSchema.safeParse(json)
  if (version.success && version.data.version !== 3) throw new UnsupportedVersionError(version.data.version)
  const manifest = ManifestSchema.safeParse(json, { error: schemaMessage })
  if (!manifest.success) throw new ArchiveInvalidError(`manifest.json: ${firstIssue(manifest.error)}`)
  checkConsistency(manifest.data)
  return manifest.data
}

const parseJson = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString(), rejectProto)
  } catch (error) {
    if (error instanceof ArchiveInvalidError) throw error
    throw new ArchiveInvalidError('manifest.json: the manifest is not JSON')
  }
}

/**
 * Throws `ArchiveInvalidError` for a member `__proto__` of any object in the manifest. When the object is copied, this
 * member would be lost without an error.
 */
const rejectProto = (name: string, value: unknown): unknown => {
  ensure(name !== '__proto__', 'a member must not have the name __proto__')
  return value
}

/**
 * Returns the first problem that a schema found, as one line. The path is omitted if the problem concerns the whole
 * value.
 */
export const firstIssue = ({ issues }: z.ZodError): string => {
  const { path, message } = must(issues[0])
  return path.length === 0 ? message : `${pathText(path.map(String).join('.'))}: ${message}`
}

function ensure(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new ArchiveInvalidError(`manifest.json: ${problem}`)
}

/**
 * Checks that the members of a manifest agree with each other. Does not check the offsets of the segments, because
 * `checkGeometry` checks them.
 */
const checkConsistency = (manifest: Manifest): void => {
  const { scope, models, missing_blobs, complete, segments, left_out } = manifest
  ensure(isAscending(scope.models), 'scope.models must be sorted and must not contain a model twice')
  const names = Object.keys(models).sort(compareBytes)
  ensure(
    names.length === scope.models.length && names.every((model, k) => model === scope.models[k]),
    'models must contain exactly the models of scope.models',
  )
  ensure(isAscending(missing_blobs), 'missing_blobs must be sorted and must not contain a blob twice')
  ensure(
    complete === (missing_blobs.length === 0 && left_out === undefined),
    'complete must be true if and only if missing_blobs is empty and left_out is absent',
  )
  if (left_out !== undefined) checkLeftOut(left_out)
  checkOrder(segments)
  for (const [model, { resources }] of Object.entries(models)) {
    const hasSegment = segments.some((segment) => segment.model === model)
    ensure(
      hasSegment === resources > 0,
      `model ${model} has ${resources} resources, but ${hasSegment ? 'a' : 'no'} segment`,
    )
  }
  for (const [k, { model }] of segments.entries())
    ensure(model === undefined || Object.hasOwn(models, model), `segment ${k} has a model that models does not contain`)
}

const isAscending = (texts: readonly string[]): boolean =>
  texts.slice(1).every((text, k) => compareBytes(must(texts[k]), text) < 0)

const checkLeftOut = ({ count, resources, list }: LeftOut): void => {
  ensure(
    count > 0 && resources.length === Math.min(count, MAX_LEFT_OUT_IN_MANIFEST),
    `left_out must have a count of at least 1, and list the first ${MAX_LEFT_OUT_IN_MANIFEST} resources`,
  )
  ensure(list.size <= MAX_LEFT_OUT_BYTES, `${LEFT_OUT_NAME} has more than ${MAX_LEFT_OUT_BYTES} bytes`)
}

/**
 * Checks the order of the segments. The segments of records must be sorted by model and id hash, and a bucket must not
 * be divided between two segments. The segments of payloads and blobs, which have no model, must follow the segments of
 * records.
 */
const checkOrder = (segments: readonly ManifestSegment[]): void => {
  let previous: { readonly model: string; readonly last_h: string } | undefined
  let recordsEnded = false
  for (const [k, { model, first_h, last_h, index, unpacked_size }] of segments.entries()) {
    ensure(
      index.unpacked_size <= MAX_INDEX_BYTES && index.size <= MAX_INDEX_BYTES,
      `the index of segment ${k} has more than ${MAX_INDEX_BYTES} bytes`,
    )
    if (model === undefined) {
      ensure(
        first_h === undefined && last_h === undefined && unpacked_size === 0,
        `segment ${k} has no model, so it must not have first_h, last_h or an unpacked_size greater than 0`,
      )
      recordsEnded = true
      continue
    }
    ensure(
      first_h !== undefined && last_h !== undefined && first_h <= last_h,
      `segment ${k} has a model, so it must have first_h and last_h, and first_h must not be greater than last_h`,
    )
    ensure(
      !recordsEnded && (previous === undefined || compareBytes(previous.model, model) <= 0),
      `segment ${k} of model ${model} is out of order`,
    )
    if (previous?.model === model)
      ensure(
        previous.last_h.slice(0, 4) < first_h.slice(0, 4),
        `segment ${k} of model ${model} must begin with a later bucket than the last bucket of the previous segment`,
      )
    previous = { model, last_h }
  }
}

/**
 * Checks that the segments are contiguous from offset 0, and that each segment ends with its index. `end` is the offset
 * of the manifest's tar header. If the archive has the entry `left-out.jsonl.zst`, it must be between the last segment
 * and `end`.
 */
export const checkGeometry = ({ segments, left_out }: Manifest, end: number): void => {
  let at = 0
  for (const [k, { offset, size, index }] of segments.entries()) {
    ensure(offset === at && size % BLOCK === 0, `segment ${k} must begin where the previous segment ends`)
    ensure(
      index.offset % BLOCK === 0 &&
        index.offset >= offset + 2 * BLOCK &&
        index.offset + paddedSize(index.size) === offset + size,
      `the index of segment ${k} must be its last entry`,
    )
    at += size
  }
  if (left_out === undefined) {
    ensure(at === end, 'the last segment must end where the header of the manifest begins')
    return
  }
  const { offset, size } = left_out.list
  ensure(
    offset === at + BLOCK && offset + paddedSize(size) === end,
    `${LEFT_OUT_NAME} must be between the last segment and the header of the manifest`,
  )
}
