/* Where the memory of a run comes from. */
#ifndef B7_RUNNER_HEAP_H
#define B7_RUNNER_HEAP_H

/* The heap in large pages, where the kernel has them and nothing else manages
 * the heap (a sanitizer): a thousand hosts are some 300 MB, whose objects are
 * met in no order, and the processor looks up few of its small pages quickly.
 * Before most of it is allocated. */
void heap_in_large_pages(void);

#endif
