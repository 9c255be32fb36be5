import { type IdHashRange, isInRange } from '../../../../shared/archive/salvaged-records.ts'
import { idHashOf } from '../../../../shared/resources/keys.ts'
import { blobFieldsOf, referencesIn } from '../../../../shared/resources/revision-references.ts'
import { payloadOf, RevisionView } from '../../../../shared/resources/views.ts'
import { errorMessage } from '../../../../shared/values/error-message.ts'
import { checkModel } from '../arguments.ts'
import type {
  ArchiveContents,
  ContentsBlob,
  ContentsRecord,
  FaultyContentsBlob,
  FaultyContentsRecord,
} from '../contents/contents.ts'
import { absenceOfBlob, reasonsLeftOut } from '../contents/explain-absence.ts'
import { resourcesOf } from '../contents/resources.ts'
import type { WantedResource } from '../contents/stream-scan.ts'
import { type ArchivedResource, resourceDocument } from '../documents/resource-document.ts'
import { printable } from '../../terminal/printable.ts'
import { DamagedArchiveError, RepeatedEntryError, UnshowableResourceError } from '../errors.ts'
import { shownId } from '../shown-id.ts'
import type { NewFolder } from './new-folder.ts'

/** What was extracted. */
export interface Extracted {
  resources: number
  blobs: number
  /** The first 1,000 faults: resources and blobs that are damaged, not complete or not in the archive. */
  readonly faults: string[]
  faults_total: number
  /** The number of faults about selected resources that the archive does not contain. */
  not_found: number
  /** The first 1,000 damaged parts between entries. Nothing is missing because of them. */
  readonly harmless_damage: string[]
  /** The number of resources in `left-out.jsonl`. Zero if there is no such file. */
  left_out: number
}

/** The largest number of faults that are kept in memory and listed. */
const MAX_FAULTS = 1_000

const addFault = (folder: NewFolder, extracted: Extracted, fault: string): void => {
  folder.appendLine('faults.txt', printable(fault))
  extracted.faults_total += 1
  if (extracted.faults.length < MAX_FAULTS) extracted.faults.push(fault)
}

/**
 * Writes resources and blobs of an archive to files: `models/{model}/{id}.json` and `blobs/{file id}`, and a list of
 * the blobs to `blobs.jsonl`. By default, extracts everything, and writes a list of the resources that the export left
 * out to `left-out.jsonl`. If `selected` is given, extracts these resources, and the blobs to which they refer. Goes on
 * after damage. If something is missing, writes a list of it to `faults.txt`.
 */
export const extractArchive = async (
  contents: ArchiveContents,
  folder: NewFolder,
  selected?: readonly WantedResource[],
): Promise<Extracted> => {
  const extracted: Extracted = {
    resources: 0,
    blobs: 0,
    faults: [],
    faults_total: 0,
    not_found: 0,
    harmless_damage: [],
    left_out: 0,
  }
  const description = await contents.describe()
  await folder.write([], 'archive', '.json', once(`${JSON.stringify(description, null, 2)}\n`))
  if (selected === undefined && description.left_out > 0) await extractLeftOut(contents, folder, extracted)
  const references = selected === undefined ? undefined : new Set<string>()
  for (const [model, ids] of idsByModel(selected, Object.keys(description.models)))
    await extractModel(contents, folder, { model, ids, references }, extracted)
  const onLostBlobs = (reason: string): void => {
    addFault(folder, extracted, `blobs: all blobs of one segment are missing, because ${reason}`)
  }
  const blobs =
    references === undefined
      ? contents.blobs({ skipsDamage: true, onLostBlobs })
      : findBlobs(contents, folder, references, extracted)
  await folder.write([], 'blobs', '.jsonl', extractBlobs(folder, blobs, extracted))
  return extracted
}

const once = async function* (text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text)
}

const idsByModel = (
  selected: readonly WantedResource[] | undefined,
  models: readonly string[],
): ReadonlyMap<string, readonly string[] | undefined> => {
  if (selected === undefined) return new Map(models.map((model) => [model, undefined]))
  const ids = new Map<string, string[]>()
  for (const { model, id } of selected) {
    checkModel(models, model)
    ids.set(model, [...(ids.get(model) ?? []), id])
  }
  return ids
}

const extractLeftOut = async (contents: ArchiveContents, folder: NewFolder, extracted: Extracted): Promise<void> => {
  let count = 0
  const lines = async function* (): AsyncGenerator<string> {
    for await (const resource of contents.leftOut()) {
      count += 1
      yield `${JSON.stringify(resource)}\n`
    }
  }
  const { fault } = await orFault(() => folder.write([], 'left-out', '.jsonl', lines()))
  if (fault !== undefined) addFault(folder, extracted, `the resources that the export left out: ${fault}`)
  else extracted.left_out = count
}

interface ModelToExtract {
  readonly model: string
  /** Undefined if all resources are extracted. */
  readonly ids: readonly string[] | undefined
  /** Receives the ids of the blobs to which the resources refer. Undefined if all blobs are extracted. */
  readonly references: Set<string> | undefined
}

const extractModel = async (
  contents: ArchiveContents,
  folder: NewFolder,
  { model, ids, references }: ModelToExtract,
  extracted: Extracted,
): Promise<void> => {
  const found = new Set<string>()
  const lost: IdHashRange[] = []
  let previous: ContentsRecord | undefined
  const collect =
    references === undefined
      ? undefined
      : (revision: ContentsRecord) => collectReferences(contents, model, revision, references)
  const onFault = (record: FaultyContentsRecord): void => {
    addFault(folder, extracted, faultText(record))
    if (ids !== undefined) for (const id of [record.id, record.idInKey ?? '']) found.add(id)
    if (record.lost === undefined) return
    lost.push(record.lost)
    if (previous !== undefined && isInRange(record.lost, previous.h))
      addFault(
        folder,
        extracted,
        `resource ${model}/${shownId(previous.id)}: the damaged part may contain further revisions`,
      )
  }
  const onHarmlessDamage = (damage: string): void => {
    if (extracted.harmless_damage.length < MAX_FAULTS) extracted.harmless_damage.push(damage)
  }
  for await (const resource of resourcesOf(contents, model, { ids, skipsDamage: true, onFault, onHarmlessDamage })) {
    const { metadata, revisions } = resource
    previous = metadata
    const observed = collect === undefined ? revisions : observe(revisions, collect)
    if (ids !== undefined) found.add(metadata.id)
    const isWritten = await extractResource(contents, folder, { metadata, revisions: observed }, extracted)
    if (isWritten) extracted.resources += 1
  }
  const absent = ids?.filter((id) => !found.has(id)) ?? []
  const { result: leftOut } = await orFault(() => reasonsLeftOut(contents, model, absent))
  for (const id of absent) {
    const stated = leftOut?.get(id)
    const isLost = stated === undefined && lost.some((range) => isInRange(range, idHashOf(id)))
    const reason = isLost
      ? 'it is not in the sound parts of the archive, but may be in the damaged ones'
      : stated === undefined
        ? 'the archive does not contain it'
        : `the export left it out: ${stated}`
    addFault(folder, extracted, `resource ${model}/${shownId(id)}: ${reason}`)
    if (!isLost) extracted.not_found += 1
  }
}

const faultText = ({ model, id, fault, lost }: FaultyContentsRecord): string =>
  lost === undefined
    ? `resource ${model}/${shownId(id)}: ${fault}`
    : `resources of model ${model} are missing (those whose id hash is from ${lost.first} to ${lost.last}), because ${fault}`

/** Writes a resource. Returns false if it is damaged. A resource without one of its payloads is written. */
const extractResource = async (
  contents: ArchiveContents,
  folder: NewFolder,
  resource: ArchivedResource,
  extracted: Extracted,
): Promise<boolean> => {
  const { model, id } = resource.metadata
  const subject = `resource ${model}/${shownId(id)}`
  const payloads = {
    payload: async (sha256: string) => {
      const payload = await contents.payload(sha256)
      if (payload === undefined)
        addFault(folder, extracted, `${subject}: its payload with the SHA-256 ${sha256} was not found`)
      return payload
    },
  }
  const document = resourceDocument(payloads, resource, { indented: true })
  const { fault } = await orFault(() => folder.write(['models', model], id, '.json', document))
  if (fault !== undefined) addFault(folder, extracted, `${subject}: ${fault}`)
  return fault === undefined
}

/** Calls `use` for each revision before it is returned. */
async function* observe(
  revisions: AsyncIterable<ContentsRecord>,
  use: (revision: ContentsRecord) => Promise<void>,
): AsyncGenerator<ContentsRecord> {
  for await (const revision of revisions) {
    await use(revision)
    yield revision
  }
}

const collectReferences = async (
  contents: ArchiveContents,
  model: string,
  { item }: ContentsRecord,
  references: Set<string>,
): Promise<void> => {
  const view = new RevisionView(item)
  const payload = await payloadOf(view, (sha256) => contents.payload(sha256))
  if (payload === undefined) return
  const found = referencesIn(view, payload, blobFieldsOf({ blobs: contents.blobPaths(model) }))
  for (const fileId of found?.fileIds ?? []) references.add(fileId)
}

async function* findBlobs(
  contents: ArchiveContents,
  folder: NewFolder,
  references: ReadonlySet<string>,
  extracted: Extracted,
): AsyncGenerator<ContentsBlob | FaultyContentsBlob> {
  const absent = new Set(references)
  try {
    for await (const blob of contents.findBlobs(references)) {
      absent.delete(blob.file_id)
      yield blob
    }
  } catch (error) {
    if (!(error instanceof DamagedArchiveError)) throw error
    // The others are searched one after the other, because each of them may be in a sound part.
    for (const fileId of [...absent]) {
      const { result = [], fault } = await orFault(() => Array.fromAsync(contents.findBlobs(new Set([fileId]))))
      if (result.length > 0 || fault !== undefined) absent.delete(fileId)
      if (fault !== undefined) addFault(folder, extracted, `blob ${shownId(fileId)}: ${fault}`)
      yield* result
    }
  }
  for (const fileId of absent)
    addFault(folder, extracted, `blob ${shownId(fileId)}: ${absenceOfBlob(contents, fileId)}`)
}

/** The errors that concern only one resource or blob. */
const EXTRACTION_FAULTS = [DamagedArchiveError, RepeatedEntryError, UnshowableResourceError]

/** Calls `read` and returns its result. If the archive is damaged or cannot be extracted there, returns the reason. */
const orFault = async <Result>(
  read: () => Promise<Result>,
): Promise<
  { readonly result: Result; readonly fault?: undefined } | { readonly result?: undefined; readonly fault: string }
> => {
  try {
    return { result: await read() }
  } catch (error) {
    if (!EXTRACTION_FAULTS.some((type) => error instanceof type)) throw error
    return { fault: error instanceof DamagedArchiveError ? error.damage : errorMessage(error) }
  }
}

/** Writes blobs to files. Returns the lines of the list of blobs. */
async function* extractBlobs(
  folder: NewFolder,
  blobs: AsyncIterable<ContentsBlob | FaultyContentsBlob>,
  extracted: Extracted,
): AsyncGenerator<string> {
  for await (const found of blobs) {
    if (found.fault !== undefined) {
      addFault(folder, extracted, `blob ${shownId(found.file_id)}: ${found.fault}`)
      continue
    }
    const { read, ...blob } = found
    const file = await orFault(() => folder.write(['blobs'], blob.file_id, '', read()))
    if (file.fault !== undefined) {
      addFault(folder, extracted, `blob ${shownId(blob.file_id)}: ${file.fault}`)
      continue
    }
    extracted.blobs += 1
    yield `${JSON.stringify({ file: file.result, ...blob })}\n`
  }
}
