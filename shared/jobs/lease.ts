export { LeaseLostError, RestoreRunningError } from './lease-errors.ts'
export { Lease, Leases } from './lease-store.ts'
