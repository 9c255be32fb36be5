import { wholeNumber } from '../../shared/requests/parameters.ts'

/**
 * The maximum time that a request waits for its job, and the default. API Gateway ends a request after 30 seconds. The
 * remaining 10 seconds are for the cold start of the function, for starting the job and for the response.
 */
export const MAX_WAIT_SECONDS = 20
/** The largest accepted value, for existing clients. Values from 21 to 25 mean 20 seconds. */
const MAX_VALUE = 25
/** Returns the schema of the parameter `wait`. */
export const wait = () =>
  wholeNumber('a whole number of seconds', 0, MAX_VALUE)
    .transform((seconds) => Math.min(seconds, MAX_WAIT_SECONDS))
    .default(MAX_WAIT_SECONDS)
    .describe('The number of seconds for which the request waits for the end of the job')
