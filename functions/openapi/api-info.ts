import * as z from 'zod'

/** The version of this package. */
export const API_VERSION = '0.1.0'

export const INTRODUCTION =
  'Backs up and restores versioned resources in DynamoDB and S3. `functions/API.md` explains the API. ' +
  'This document is generated from the schemas of the same release. A later release may add members to responses. ' +
  'All times in responses are in ISO 8601 and in UTC.'

export const TAGS = {
  Exports: 'Write archives.',
  Imports: 'Restore archives.',
  Archives: 'List the archives in the archive bucket.',
  Checks: 'Check archives without a restore.',
  Jobs: 'Show, list and cancel jobs.',
  Schedules: 'Show and control scheduled exports.',
  Retention: 'Explain what is deleted automatically.',
  Page: 'The page for browsers, and this document.',
} as const

/** The response of API Gateway, if it does not call the function of a route or does not receive its response. */
export const GatewayMessage = z.object({ message: z.string() }).readonly().meta({ id: 'GatewayMessage' })

/** The types of problems with which every route may respond. */
export const PROBLEMS_OF_ALL_ROUTES: readonly string[] = [
  'invalid-request',
  'foreign-request',
  'too-large',
  'uri-too-long',
  'headers-too-large',
  'internal-error',
  'access-denied',
  'existing-stores-invalid',
  'throttled',
  'storage-full',
]
