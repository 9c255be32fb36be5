import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Gateway, startGateway } from '../../infra/local/program/gateway.ts'
import { startDynamoDb } from '../../infra/local/dynamodb/start-dynamodb.ts'
import { startS3 } from '../../infra/local/s3/start-s3.ts'
import type { Job } from '../../shared/jobs/job.ts'
import type { WorkflowEngine } from '../../shared/jobs/workflow-engine.ts'
import { dynamoDB, s3 } from '../../shared/runtime/clients.ts'
import { readConfig } from '../../shared/runtime/config.ts'
import { makeServices } from '../../shared/runtime/make-services.ts'
import { setServices } from '../../shared/runtime/current-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { createBuckets, createTables } from '../../infra/local/stores/create-stores.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a test lets the workflow of a job do; without it the job runs on and on. */
export type Play = (services: Services, jobId: string) => Promise<unknown>

/** An engine that notes what it was asked for, and plays what a test says. */
export class PlayedEngine implements WorkflowEngine {
  readonly started: string[] = []
  readonly stopped: string[] = []
  play: Play | undefined
  services: Services | undefined

  start(_kind: Job['kind'], jobId: string): Promise<void> {
    this.started.push(jobId)
    const { services, play } = this
    if (services !== undefined) void play?.(services, jobId)
    return Promise.resolve()
  }

  stop(_kind: Job['kind'], jobId: string): Promise<void> {
    this.stopped.push(jobId)
    return Promise.resolve()
  }
}

export interface Doors {
  readonly services: Services
  readonly engine: PlayedEngine
  readonly gateway: Gateway
  /** Clients of the stores, past the routes. */
  readonly dynamo: DynamoDBClient
  readonly s3: S3Client
  /** The clock of all services; a test may set it ahead. */
  readonly clock: { ahead: number }
  stop(): Promise<void>
}

const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/** All routes over real stores on the embedded stand-ins, with workflows that are only played. */
export const openDoors = async (): Promise<Doors> => {
  const dir = await mkdtemp(join(tmpdir(), 'doors-'))
  const [dynamo, objects] = await Promise.all([startDynamoDb({ port: 0 }), startS3({ port: 0, dir })])
  const config = readConfig({})
  const dynamoDb = dynamoDB({ region: config.region, endpoint: dynamo.endpoint, credentials })
  const s3Client = s3({ region: config.region, endpoint: objects.endpoint, credentials })
  await Promise.all([createTables(dynamoDb, config), createBuckets(s3Client, config)])
  const engine = new PlayedEngine()
  const clock = { ahead: 0 }
  const services = await makeServices({
    config,
    dynamoDb,
    s3: s3Client,
    workflows: engine,
    clock: () => new Date(Date.now() + clock.ahead),
  })
  engine.services = services
  setServices(services)
  const gateway = await startGateway({ port: 0 })
  return {
    services,
    engine,
    gateway,
    dynamo: dynamoDb,
    s3: s3Client,
    clock,
    stop: async () => {
      await gateway.stop()
      setServices(undefined)
      dynamoDb.destroy()
      s3Client.destroy()
      await Promise.all([dynamo.stop(), objects.stop()])
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Ends an export well: its archive lies in the archive bucket, with these bytes. */
export const exportedAs =
  (bytes: Buffer, status: 'succeeded' | 'partial' = 'succeeded'): Play =>
  async ({ jobs, objects, config }, jobId) => {
    const archive = await objects.put(config.buckets.archives, `exports/${jobId}.acbak`, bytes)
    await jobs.change(jobId, { status: 'running' }, { from: ['queued'] })
    await sleep(20)
    await jobs.change(
      jobId,
      {
        status,
        ended_at: new Date().toISOString(),
        result: {
          archive: { ...archive, manifest_sha256: 'ab'.repeat(32) },
          models: { country: { resources: 1, revisions: 2, blobs: 0 } },
          complete: status === 'succeeded',
          missing_blobs: { count: 0, ids: [] },
        },
      },
      { from: ['running'] },
    )
  }

/** Ends a restore well, with these counts for `country`. */
export const restored: Play = async ({ jobs }, jobId) => {
  await jobs.change(
    jobId,
    {
      status: 'succeeded',
      result: {
        models: { country: { loaded: 3, skipped: 1, total: 4 } },
        verification: { passed: true, checks: {} },
      },
    },
    { from: ['queued'] },
  )
}

/** Ends a job with an error. */
export const failedWith =
  (error: Required<Job>['error']): Play =>
  async ({ jobs }, jobId) => {
    await jobs.change(jobId, { status: 'failed', error }, { from: ['queued'] })
  }
