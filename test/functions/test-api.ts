import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Gateway, startGateway } from '../../infra/local/program/gateway.ts'
import { loadFromSource } from '../../infra/local/program/gateway-router.ts'
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
import { checkedHandlers } from './openapi/answer-checks.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Stands for the workflow of a job. Without a script, a job never ends. */
type Script = (services: Services, jobId: string) => Promise<unknown>

/** An engine that records its calls. A job that is started runs the script of the test. */
export class ScriptedEngine implements WorkflowEngine {
  readonly started: string[] = []
  readonly stopped: string[] = []
  script: Script | undefined
  services: Services | undefined

  start(_kind: Job['kind'], jobId: string): Promise<void> {
    this.started.push(jobId)
    const { services, script } = this
    if (services !== undefined) void script?.(services, jobId)
    return Promise.resolve()
  }

  isRunning(_kind: Job['kind'], jobId: string): Promise<boolean> {
    return Promise.resolve(this.started.includes(jobId) && !this.stopped.includes(jobId))
  }

  stop(_kind: Job['kind'], jobId: string): Promise<void> {
    this.stopped.push(jobId)
    return Promise.resolve()
  }
}

export interface TestApi {
  readonly services: Services
  readonly engine: ScriptedEngine
  readonly gateway: Gateway
  /** Clients with direct access to the stores. */
  readonly dynamo: DynamoDBClient
  readonly s3: S3Client
  /** Milliseconds by which the clock of all services is ahead. A test may change it. */
  readonly clock: { ahead: number }
  stop(): Promise<void>
}

const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/** All routes, with stores in the local services and scripted workflows. */
export const startTestApi = async (env: Readonly<Record<string, string>> = {}): Promise<TestApi> => {
  const dir = await mkdtemp(join(tmpdir(), 'test-api-'))
  const [dynamo, objects] = await Promise.all([startDynamoDb({ port: 0 }), startS3({ port: 0, dir })])
  const config = readConfig(env)
  const dynamoDb = dynamoDB({ region: config.region, endpoint: dynamo.endpoint, credentials })
  const s3Client = s3({ region: config.region, endpoint: objects.endpoint, credentials })
  await Promise.all([createTables(dynamoDb, config), createBuckets(s3Client, config)])
  const engine = new ScriptedEngine()
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
  // A response that the OpenAPI document does not allow is an error of the gateway.
  const gateway = await startGateway({ port: 0, load: checkedHandlers(loadFromSource) })
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

/** Ends an export successfully, with an archive that consists of these bytes. */
export const finishExport =
  (bytes: Buffer, status: 'succeeded' | 'partial' = 'succeeded'): Script =>
  async ({ jobs, objects, config }, jobId) => {
    const archive = await objects.put(config.buckets.archives, `exports/${jobId}.acbak`, bytes)
    await jobs.change(jobId, { status: 'running', started_at: new Date().toISOString() }, { from: ['queued'] })
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

/** Ends a restore of `country` successfully. */
export const finishRestore: Script = async ({ jobs }, jobId) => {
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

/** Ends a check of an archive with one model successfully. */
export const finishCheck: Script = async ({ jobs }, jobId) => {
  await jobs.change(
    jobId,
    {
      status: 'succeeded',
      result: {
        models: { country: { resources: 1, revisions: 2, blobs: 0 } },
        bytes: 7,
        verification: { passed: true, checks: {} },
        missing_blobs: { count: 0, ids: [] },
        report: { bucket: 'specstar-archives', key: `reports/${jobId}.json` },
      },
    },
    { from: ['queued'] },
  )
}

/** Ends a job with a problem. */
export const failJob =
  (error: Required<Job>['error']): Script =>
  async ({ jobs }, jobId) => {
    await jobs.change(jobId, { status: 'failed', error }, { from: ['queued'] })
  }
