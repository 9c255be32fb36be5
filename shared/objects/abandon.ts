import { logger } from '../telemetry/telemetry.ts'

/**
 * Aborts an upload that is not needed, for example after an error. If the upload cannot be aborted, for example because
 * the request is throttled, logs a warning: the caller must throw its own error. A lifecycle rule of the bucket later
 * deletes the parts.
 */
export const abandon = async (upload: { readonly abort: () => Promise<void> }): Promise<void> => {
  try {
    await upload.abort()
  } catch (error) {
    logger.warn('an upload could not be aborted', { error: error instanceof Error ? error : String(error) })
  }
}
