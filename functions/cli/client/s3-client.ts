import type { S3Client } from '@aws-sdk/client-s3'
import { s3 } from '../../../shared/runtime/clients.ts'
import { LOCAL_CREDENTIALS } from '../../../shared/runtime/local-credentials.ts'
import { credentialsOf } from './credentials.ts'
import { isLocal } from './private-url.ts'
import { localStore, type Settings } from './settings.ts'

/**
 * Returns a client of S3. The endpoint determines the credentials: the local program has its own, and requests to any
 * other S3 are signed with those of the user. Without an endpoint, the client follows S3 to the region of a bucket.
 */
export const s3ClientOf = (settings: Settings, endpoint = s3EndpointOf(settings)): S3Client =>
  s3({
    region: settings.region ?? 'us-east-1',
    credentials: endpoint !== undefined && isLocal({ endpoint }) ? LOCAL_CREDENTIALS : credentialsOf(settings),
    ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint }),
  })

/**
 * Returns the endpoint of S3 that the user has set. Otherwise, returns that of the local program if the user has named
 * the local program, and undefined if not: an `s3://` address of a user without settings is one on AWS.
 */
const s3EndpointOf = (settings: Settings): string | undefined =>
  settings.s3Endpoint ??
  (settings.sources.endpoint !== 'default' && isLocal(settings) ? localStore(settings, 'S3_PORT') : undefined)
