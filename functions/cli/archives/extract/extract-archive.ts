import { blobFieldsOf, referencesIn } from '../../../../shared/resources/revision-references.ts'
import { payloadOf, RevisionView } from '../../../../shared/resources/views.ts'
import { checkModel } from '../arguments.ts'
import type { ArchiveContents, ContentsBlob, ContentsRecord } from '../contents/contents.ts'
import { resourcesOf } from '../contents/resources.ts'
import type { WantedResource } from '../contents/stream-scan.ts'
import { resourceDocument } from '../documents/resource-document.ts'
import { UnshowableResourceError } from '../errors.ts'
import type { NewFolder } from './new-folder.ts'

/** What was extracted. */
export interface Extracted {
  resources: number
  blobs: number
  /**
   * The first 1,000 faults: resources that cannot be read, and blobs to which extracted resources refer but that the
   * archive does not contain.
   */
  readonly faults: string[]
  faults_total: number
}

/** The largest number of faults that are kept in memory and listed. */
const MAX_FAULTS = 1_000

const addFault = (extracted: Extracted, fault: string): void => {
  extracted.faults_total += 1
  if (extracted.faults.length < MAX_FAULTS) extracted.faults.push(fault)
}

/**
 * Writes resources and blobs of an archive to files: `models/{model}/{id}.json` and `blobs/{file id}`, and a list of
 * the blobs to `blobs.jsonl`. By default, extracts everything. If `selected` is given, extracts these resources, and
 * the blobs to which they refer.
 */
export const extractArchive = async (
  contents: ArchiveContents,
  folder: NewFolder,
  selected?: readonly WantedResource[],
): Promise<Extracted> => {
  const extracted: Extracted = { resources: 0, blobs: 0, faults: [], faults_total: 0 }
  const description = await contents.describe()
  await folder.write([], 'archive', '.json', once(`${JSON.stringify(description, null, 2)}\n`))
  const references = selected === undefined ? undefined : new Set<string>()
  for (const [model, ids] of idsByModel(selected, Object.keys(description.models)))
    await extractModel(contents, folder, { model, ids, references }, extracted)
  const blobs = references === undefined ? contents.blobs() : findBlobs(contents, references, extracted)
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
  const collect =
    references === undefined
      ? undefined
      : (revision: ContentsRecord) => collectReferences(contents, model, revision, references)
  for await (const resource of resourcesOf(contents, model, ids)) {
    if ('fault' in resource) {
      addFault(extracted, `resource ${model}/${resource.id}: ${resource.fault}`)
      found.add(resource.id)
      continue
    }
    const { metadata, revisions } = resource
    const observed = collect === undefined ? revisions : observe(revisions, collect)
    const document = resourceDocument(contents, { metadata, revisions: observed }, { indented: true })
    if (ids !== undefined) found.add(metadata.id)
    try {
      await folder.write(['models', model], metadata.id, '.json', document)
      extracted.resources += 1
    } catch (error) {
      if (!(error instanceof UnshowableResourceError)) throw error
      addFault(extracted, `resource ${model}/${metadata.id}: ${error.message}`)
    }
  }
  for (const id of ids ?? [])
    if (!found.has(id)) addFault(extracted, `resource ${model}/${id}: the archive does not contain it`)
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
  references: ReadonlySet<string>,
  extracted: Extracted,
): AsyncGenerator<ContentsBlob> {
  const absent = new Set(references)
  for await (const blob of contents.findBlobs(references)) {
    absent.delete(blob.file_id)
    yield blob
  }
  for (const fileId of absent) addFault(extracted, `blob ${JSON.stringify(fileId)}: the archive does not contain it`)
}

/** Writes blobs to files. Returns the lines of the list of blobs. */
async function* extractBlobs(
  folder: NewFolder,
  blobs: AsyncIterable<ContentsBlob>,
  extracted: Extracted,
): AsyncGenerator<string> {
  for await (const { read, ...blob } of blobs) {
    const file = await folder.write(['blobs'], blob.file_id, '', read())
    extracted.blobs += 1
    yield `${JSON.stringify({ file, ...blob })}\n`
  }
}
