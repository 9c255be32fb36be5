import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import { BlobStore } from '../../../shared/blobs/blob-store.ts'
import { PayloadStore } from '../../../shared/blobs/payload-store.ts'
import { ObjectStore } from '../../../shared/objects/aws/object-store.ts'
import { loadModelsFile, type ModelRegistry } from '../../../shared/resources/models.ts'
import { ResourceStore } from '../../../shared/resources/aws/resource-store.ts'
import { dynamoDB, s3 as s3Client } from '../../../shared/runtime/clients.ts'
import { type Config, readConfig } from '../../../shared/runtime/config.ts'
import { localEndpoints, probe } from './local-endpoints.ts'

/** Clients and stores with which a command accesses the tables and buckets of the running local program. */
export interface LocalStores {
  readonly config: Config
  readonly models: ModelRegistry
  readonly resources: ResourceStore
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
  readonly objects: ObjectStore
  readonly dynamo: DynamoDBClient
  readonly s3: S3Client
}

/**
 * Connects to the services of the local program, at the endpoints that the environment contains. Throws `NotLocalError`
 * if an endpoint is on another machine, and `NoAnswerError` if no server responds.
 */
export const openLocalStores = async (env: Readonly<Record<string, string | undefined>>): Promise<LocalStores> => {
  const endpoints = localEndpoints(env)
  await probe(endpoints)
  const config = readConfig(env)
  const { credentials } = endpoints
  const dynamo = dynamoDB({ region: config.region, endpoint: endpoints.dynamo, credentials })
  const s3 = s3Client({ region: config.region, endpoint: endpoints.s3, credentials })
  const models = await loadModelsFile(config.models_file)
  const objects = new ObjectStore(s3)
  const payloads = new PayloadStore(objects, config.buckets.blobs)
  return {
    config,
    models,
    resources: new ResourceStore(dynamo, config.tables.resources, models),
    blobs: new BlobStore(objects, config.buckets.blobs),
    payloads,
    objects,
    dynamo,
    s3,
  }
}
