import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { S3Client } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import { JobStore } from '../../shared/jobs/aws/job-store.ts'
import { Leases } from '../../shared/jobs/aws/leases.ts'
import type { Lease } from '../../shared/jobs/lease.ts'
import { ShardRecords, type StoredShards } from '../../shared/jobs/aws/shard-records.ts'
import type { Job } from '../../shared/jobs/job.ts'
import type { PassResult } from '../../shared/jobs/pass.ts'
import type { ResultName, Stage } from '../../shared/jobs/stage.ts'
import type { MultipartUpload } from '../../shared/objects/aws/multipart-upload.ts'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import type { PutOptions, StoredObject } from '../../shared/objects/aws/stored-object.ts'
import type { PinnedObject } from '../../shared/objects/object.ts'
import type { ModelEstimate } from '../../shared/resources/sample.ts'
import { ResourceStore } from '../../shared/resources/aws/resource-store.ts'
import { must } from '../../shared/values/must.ts'
import { LATENCY, RESOURCE } from './assumptions.ts'
import type { VirtualClock } from './clock.ts'

/** Clients that the simulated stores never use. They have no endpoint, so a call that is not simulated fails. */
const NO_DYNAMODB = new DynamoDBClient({ region: 'simulation', credentials: { accessKeyId: '', secretAccessKey: '' } })
const NO_S3 = new S3Client({ region: 'simulation', credentials: { accessKeyId: '', secretAccessKey: '' } })

const PAGE_BYTES = 1024 * 1024

/** The result of a simulated pass. Its other members are those of the result of the real pass. */
type SimulatedResult = PassResult & Readonly<Record<string, unknown>>

interface KeptResult {
  readonly n: number
  readonly pass: number
  readonly result: SimulatedResult
  /** In bytes of JSON. */
  readonly size: number
}

/** Jobs and results in memory. A read of results takes one request per page of 1 MB. */
export class SimulatedJobs extends JobStore {
  readonly #clock: VirtualClock
  readonly #jobs = new Map<string, Job>()
  readonly #results = new Map<string, KeptResult[]>()
  readonly #byPass = new Map<string, SimulatedResult>()
  /** Read units of the job table. */
  readUnits = 0
  writeUnits = 0

  constructor(clock: VirtualClock) {
    super(NO_DYNAMODB, 'jobs')
    this.#clock = clock
  }

  add(job: Job): void {
    this.#jobs.set(job.job_id, job)
  }

  /** Stores the result of a simulated pass. Its size counts as in DynamoDB. */
  keep(stage: ResultName, n: number, pass: number, result: SimulatedResult): void {
    const kept = this.#results.get(stage) ?? []
    const size = sizeOf(result)
    kept.push({ n, pass, result, size })
    this.#byPass.set(`${stage}/${n}/${pass}`, result)
    this.#results.set(stage, kept)
    this.writeUnits += Math.ceil(size / 1024)
  }

  /**
   * Returns the result of a pass that was run before. A distributed map runs the passes of an unfinished inline map
   * again.
   */
  kept(stage: ResultName, n: number, pass: number): SimulatedResult | undefined {
    return this.#byPass.get(`${stage}/${n}/${pass}`)
  }

  /** Returns the number of results of a stage. */
  count(stage: ResultName): number {
    return this.#results.get(stage)?.length ?? 0
  }

  override async get(jobId: string): Promise<Job | undefined> {
    await this.#clock.wait(LATENCY.dynamoDb)
    return this.#jobs.get(jobId)
  }

  override async change(jobId: string): Promise<Job | undefined> {
    return this.get(jobId)
  }

  override async plan(): Promise<void> {
    await this.#clock.wait(LATENCY.dynamoDb)
  }

  override async *results<Result>(
    _jobId: string,
    stage: Stage<Result, ResultName>,
  ): AsyncGenerator<{ readonly n: number; readonly pass: number; readonly result: Result }> {
    let bytes = PAGE_BYTES
    for (const { n, pass, result, size } of this.#results.get(stage.name) ?? []) {
      if (bytes + size > PAGE_BYTES) {
        await this.#clock.wait(LATENCY.dynamoDb)
        bytes = 0
      }
      bytes += size
      this.readUnits += size / 8192
      yield { n, pass, result: stage.result.parse(result) }
    }
  }
}

const sizeOf = (value: object): number => Buffer.byteLength(JSON.stringify(value))

/** Returns the bytes of a range of an object. */
type Content = (start: number, length: number) => Buffer

/** Objects of which only those bytes exist that planners read. */
export class SimulatedObjects extends ObjectStore {
  readonly #clock: VirtualClock
  readonly #blobBucket: string
  readonly #contents = new Map<string, { readonly object: PinnedObject; readonly read: Content }>()
  gets = 0
  puts = 0

  /** Every object of the blob bucket exists and has the size of a small blob. */
  constructor(clock: VirtualClock, blobBucket: string) {
    super(NO_S3)
    this.#clock = clock
    this.#blobBucket = blobBucket
  }

  /** Adds an object whose bytes are computed when they are read. */
  add(bucket: string, key: string, size: number, read: Content): PinnedObject {
    const object: PinnedObject = { bucket, key, size, etag: ETAG }
    this.#contents.set(`${bucket}/${key}`, { object, read })
    return object
  }

  override async put(
    bucket: string,
    key: string,
    body: Buffer,
    options?: PutOptions & { readonly ifAbsent?: false; readonly ifMatch?: never },
  ): Promise<PinnedObject>
  override async put(bucket: string, key: string, body: Buffer, options: PutOptions): Promise<PinnedObject | 'exists'>
  override async put(bucket: string, key: string, body: Buffer): Promise<PinnedObject | 'exists'> {
    this.puts += 1
    await this.#clock.wait(LATENCY.s3)
    return this.add(bucket, key, body.length, (start, length) => body.subarray(start, start + length))
  }

  override async getBytes(bucket: string, key: string): Promise<Buffer | undefined> {
    this.gets += 1
    await this.#clock.wait(LATENCY.s3)
    const found = this.#contents.get(`${bucket}/${key}`)
    return found?.read(0, found.object.size)
  }

  override async readBytes({ bucket, key }: PinnedObject, start: number, length: number): Promise<Buffer> {
    this.gets += 1
    await this.#clock.wait(LATENCY.s3)
    return must(this.#contents.get(`${bucket}/${key}`)).read(start, length)
  }

  override async head(bucket: string, key: string): Promise<StoredObject | undefined> {
    await this.#clock.wait(LATENCY.s3)
    const blob = bucket === this.#blobBucket ? { bucket, key, size: RESOURCE.blobBytes, etag: ETAG } : undefined
    const object = blob ?? this.#contents.get(`${bucket}/${key}`)?.object
    return object === undefined ? undefined : { ...object, headers: {}, metadata: {}, missing_metadata: 0 }
  }

  override async multipart(bucket: string, key: string): Promise<MultipartUpload> {
    await this.#clock.wait(LATENCY.s3)
    return this.resumeMultipart(bucket, key, randomUUID())
  }
}

/** An ETag of the usual length. */
export const ETAG = '0123456789abcdef0123456789abcdef'

/** Resources of which only the number and the sizes exist. */
export class SimulatedResources extends ResourceStore {
  readonly #resources: number
  readonly #lineBytes: number
  readonly #isEmpty: boolean

  constructor(
    models: ConstructorParameters<typeof ResourceStore>[2],
    {
      resources,
      lineBytes,
      isEmpty,
    }: { readonly resources: number; readonly lineBytes: number; readonly isEmpty: boolean },
  ) {
    super(NO_DYNAMODB, 'resources', models)
    this.#resources = resources
    this.#lineBytes = lineBytes
    this.#isEmpty = isEmpty
  }

  override isEmpty(): Promise<boolean> {
    return Promise.resolve(this.#isEmpty)
  }

  /** Returns the exact size. The estimate of a real store differs from it by a few percent. */
  override estimate(): Promise<ModelEstimate> {
    const lineBytes = this.#resources * this.#lineBytes
    return Promise.resolve({ lineBytes, resources: this.#resources, revisions: this.#resources })
  }
}

/** The stored number of shards is that of the registry. */
export class SimulatedShardRecords extends ShardRecords {
  readonly #shards: number

  constructor(shards: number) {
    super(NO_DYNAMODB, 'jobs')
    this.#shards = shards
  }

  override find(models: readonly string[]): Promise<ReadonlyMap<string, StoredShards>> {
    return Promise.resolve(new Map(models.map((model) => [model, { shards: this.#shards, withoutData: false }])))
  }
}

/** Every job gets every lease. */
export class SimulatedLeases extends Leases {
  constructor() {
    super(NO_DYNAMODB, 'jobs', () => new Date())
  }

  override takeAll(models: readonly string[], jobId: string): Promise<Lease> {
    return Promise.resolve(this.held(models, jobId))
  }
}
