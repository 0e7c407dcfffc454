/* sanitized.h - TEST_SANITIZED: built with a sanitizer, where tests run the same code in fewer turns
 * and leave out what trains to a quality; the build as released does all of it. */
#ifndef WEIR_TEST_SANITIZED_H
#define WEIR_TEST_SANITIZED_H
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED 1
#else
#define TEST_SANITIZED 0
#endif
#endif
