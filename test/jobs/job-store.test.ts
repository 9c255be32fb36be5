import { useServices } from '../services.ts'
import { jobStoreContract } from './job-store.contract.ts'

jobStoreContract(useServices)
