import type { S3Client } from '@aws-sdk/client-s3'
import { s3 } from '../../../shared/runtime/clients.ts'
import { LOCAL_CREDENTIALS } from '../../../shared/runtime/local-credentials.ts'
import { credentialsOf } from './credentials.ts'
import { isLocal, type Settings } from './settings.ts'

/** Returns a client of S3 with the credentials of the user, or with those of the local program. */
export const s3ClientOf = (settings: Settings, endpoint = settings.s3Endpoint): S3Client =>
  s3({
    region: settings.region ?? 'us-east-1',
    credentials: isLocal(settings) ? LOCAL_CREDENTIALS : credentialsOf(settings),
    ...(endpoint === undefined ? {} : { endpoint }),
  })
