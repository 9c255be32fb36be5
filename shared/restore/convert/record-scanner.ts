import { BlobReferenceSet } from '../../blobs/blob-references.ts'
import type { Attempt } from '../../jobs/pass.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { addReferences, blobFieldsOf } from '../../resources/revision-references.ts'
import type { StreamRecord } from '../../specstar/stream-record.ts'
import { type ConvertResultOf, SCAN_FINDINGS } from '../messages/convert.ts'
import { workName } from '../messages/work-names.ts'
import { RecordCollector, type StreamCheck } from './record-collector.ts'
import { RunSorter } from './run-writer.ts'
import { ScanFindings } from './scan-findings.ts'
import type { ConvertServices } from './services.ts'

/**
 * Checks the records of one pass, and writes two kinds of sorted runs. One kind contains record lines, and the other
 * contains the locations of blobs and spilled payloads.
 */
export class RecordScanner {
  readonly #attempt: Attempt
  readonly #services: ConvertServices
  readonly #lines = new RunSorter()
  readonly #contents = new RunSorter()
  readonly #references = new BlobReferenceSet()
  readonly #runs: PinnedObject[] = []
  readonly #findings = new ScanFindings()
  readonly #collector: RecordCollector

  constructor(attempt: Attempt, services: ConvertServices, check: Pick<StreamCheck, 'order' | 'owner' | 'hashes'>) {
    this.#attempt = attempt
    this.#services = services
    const blobFields: StreamCheck['blobFields'] = (model) =>
      blobFieldsOf({ blobs: services.models.blobPathsOf([model])[model] })
    this.#collector = new RecordCollector(
      { ...check, findings: this.#findings, blobFields },
      {
        lines: this.#lines,
        contents: this.#contents,
        references: (model, references) => {
          addReferences(this.#references, model, references)
        },
      },
    )
  }

  /** True if the pass must end, because it has reached the limit on the references or locations in memory. */
  get isFull(): boolean {
    const { seenBlobs } = this.#services.limits
    return this.#references.size >= seenBlobs || this.#contents.size >= seenBlobs
  }

  /** Adds a record. If the read of a blob fails, adds nothing. */
  add(record: StreamRecord): Promise<void> {
    return this.#collector.add(record)
  }

  /** Writes a run if the record lines in memory are large enough. */
  async writeFullRun(): Promise<void> {
    if (this.#lines.bytes >= this.#services.limits.runBytes) await this.#writeRun()
  }

  /** Writes the entries that are still in memory. Returns the result of the pass. */
  async finish(): Promise<Omit<ConvertResultOf<'scan'>, 'done' | 'cursor'>> {
    const { objects, workFiles } = this.#services
    const { bucket } = workFiles
    const { job_id, attempt } = this.#attempt
    if (this.#lines.size > 0) await this.#writeRun()
    const { size: content_count } = this.#contents
    const contentsKey = workFiles.key(job_id, workName.convertedContents(attempt))
    const contents =
      content_count === 0 ? undefined : await this.#contents.write(objects, this.#attempt, { bucket, key: contentsKey })
    const referencesKey = workFiles.key(job_id, workName.convertedReferences(attempt))
    const references = await this.#references.write(objects, bucket, referencesKey)
    const { all: findings } = this.#findings
    const { lineCounts: lines, models, resources, revisions } = this.#collector
    return {
      phase: 'scan',
      runs: this.#runs,
      lines,
      ...(contents === undefined ? {} : { contents }),
      content_count,
      references,
      models,
      resources,
      revisions,
      ...(findings.length === 0 ? {} : { findings: await workFiles.write(SCAN_FINDINGS, findings, job_id, attempt) }),
    }
  }

  async #writeRun(): Promise<void> {
    const { objects, workFiles } = this.#services
    const { job_id, attempt } = this.#attempt
    const key = workFiles.key(job_id, workName.convertedRun(attempt, this.#runs.length))
    this.#runs.push(await this.#lines.write(objects, this.#attempt, { bucket: workFiles.bucket, key }))
  }
}
