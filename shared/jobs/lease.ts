export { LeaseLostError, RestoreRunningError } from './lease-errors.ts'
export { Lease, Leases } from './aws/leases.ts'
