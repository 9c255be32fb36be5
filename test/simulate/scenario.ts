import { BlobStore } from '../../shared/blobs/blob-store.ts'
import { ResourceKeys } from '../../shared/resources/aws/resource-keys.ts'
import { loadModels } from '../../shared/resources/models.ts'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { LIMITS, type Limits } from '../../shared/jobs/limits.ts'
import { WorkFiles } from '../../shared/jobs/work-files.ts'
import { readConfig } from '../../shared/runtime/config.ts'
import { RESOURCE, S3 } from './assumptions.ts'
import { Capacity } from './capacity.ts'
import { VirtualClock } from './clock.ts'
import { Flows } from './flows.ts'
import {
  SimulatedJobs,
  SimulatedLeases,
  SimulatedObjects,
  SimulatedResources,
  SimulatedShardRecords,
} from './stores.ts'
import { Table } from './table.ts'

/** A store, and the account in which it is exported and restored. */
export interface Scenario {
  readonly resources: number
  /** The sizes of blobs that exist besides the small blobs, in bytes. */
  readonly largeBlobs: readonly number[]
  /** The largest number of functions that the account runs at the same time. */
  readonly functions: number
  /** The setting `max_concurrency`. Absent for the default. */
  readonly maxConcurrency?: number
  /** How much smaller the records are in the archive. */
  readonly compression: number
}

/** The factor with which zstd compresses the lines, as the planner assumes. */
export const COMPRESSION = 5.6

export const MODEL = 'document'
export const JOB = 'simulated'

/** Models with more resources should have 128 shards (RUNBOOK). */
const LARGE_MODEL = 50e6
export const shardsOf = ({ resources }: Pick<Scenario, 'resources'>): number => (resources > LARGE_MODEL ? 128 : 16)

/** Everything that the stages of one job use: real settings and planners, and simulated stores. */
export class World {
  readonly scenario: Scenario
  readonly clock = new VirtualClock()
  readonly config = readConfig({})
  readonly flows = new Flows(this.clock)
  readonly table: Table
  readonly limits: Limits = LIMITS
  readonly models
  readonly jobs = new SimulatedJobs(this.clock)
  readonly objects = new SimulatedObjects(this.clock, this.config.buckets.blobs)
  readonly workFiles = new WorkFiles(this.objects, this.config.buckets.work)
  readonly resources
  readonly shardRecords
  readonly resourceKeys
  readonly leases = new SimulatedLeases()
  readonly blobStore = new BlobStore(this.objects, this.config.buckets.blobs)
  /** The prefix of the job in the work bucket, and the prefix of the blobs. */
  readonly work = prefixes('work files')
  readonly blobs = prefixes('blobs')

  constructor(scenario: Scenario, { isNewTable }: { readonly isNewTable: boolean }) {
    this.scenario = scenario
    const shards = shardsOf(scenario)
    this.models = loadModels({ [MODEL]: { shards } })
    this.table = new Table({ resources: scenario.resources, shards, isNew: isNewTable })
    this.resources = new SimulatedResources(this.models, {
      resources: scenario.resources,
      lineBytes: RESOURCE.bytes,
      isEmpty: isNewTable,
    })
    this.shardRecords = new SimulatedShardRecords(shards)
    this.resourceKeys = new ResourceKeys(new DynamoDBClient({ region: 'simulation' }), 'resources')
  }

  /** The services of the stages. */
  get services() {
    const { config, limits, models, jobs, objects, workFiles, resources, shardRecords, resourceKeys, leases } = this
    const stores = { blobs: this.blobStore, jobs, objects, workFiles, resources, shardRecords, resourceKeys, leases }
    return { config, limits, models, ...stores, ...NO_EXISTING_STORES, workflows: NO_OTHER_JOBS, clock: this.now }
  }

  readonly now = (): Date => new Date(START_MS + 1000 * this.clock.now)

  get smallBlobs(): number {
    return Math.round(this.scenario.resources / RESOURCE.perBlob)
  }
}

/** The deployment has created all of its stores, so their settings are not checked. */
const NO_EXISTING_STORES = {
  tableDescriptions: { keysOf: () => Promise.resolve([]) },
  bucketSettings: { isVersioned: () => Promise.resolve(true), sendsEvents: () => Promise.resolve(true) },
}

const NO_OTHER_JOBS = { isRunning: () => Promise.resolve(false) }

const START_MS = Date.parse('2026-11-29T00:00:00Z')

const prefixes = (name: string) => ({
  reads: new Capacity(`reads of ${name}`, { perSecond: S3.reads }),
  writes: new Capacity(`writes of ${name}`, { perSecond: S3.writes }),
})

/** The time limit of a pass, in seconds. */
export const passSeconds = ({ limits }: Pick<World, 'limits'>): number => limits.passMs / 1000
