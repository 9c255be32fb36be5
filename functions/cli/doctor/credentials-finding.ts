import { errorMessage } from '../../../shared/values/error-message.ts'
import { credentialsOf } from '../client/credentials.ts'
import type { Settings } from '../client/settings.ts'
import { failed, type Finding, ok, warning } from './finding.ts'

/** Temporary credentials that expire within this time are reported. A job may take longer. */
const SOON_MS = 15 * 60_000

/** Loads the credentials that sign requests to AWS. */
export const credentialsFinding = async (settings: Settings): Promise<Finding> => {
  const chain = settings.profile === undefined ? 'the default credentials' : `profile ${settings.profile}`
  try {
    const { accessKeyId, expiration } = await credentialsOf(settings)()
    const key = `access key ${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)} of ${chain}`
    if (expiration === undefined || expiration.getTime() - Date.now() > SOON_MS) return ok('credentials', key)
    return warning('credentials', `${key} expires at ${expiration.toISOString()}; sign in again before a long job`)
  } catch (error) {
    return failed(
      'credentials',
      `${chain} cannot be loaded: ${errorMessage(error)}; set --profile, or sign in with the AWS command line`,
    )
  }
}
