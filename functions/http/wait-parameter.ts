import { wholeNumber } from '../../shared/requests/parameters.ts'

/** The maximum time that a request waits for its job. API Gateway ends a request after 30 seconds. */
export const MAX_WAIT_SECONDS = 25
/** The default. It is shorter than the time limit of many HTTP clients, which is 30 seconds. */
const DEFAULT_WAIT_SECONDS = 20
export const wait = () => wholeNumber('a whole number of seconds', 0, MAX_WAIT_SECONDS).default(DEFAULT_WAIT_SECONDS)
