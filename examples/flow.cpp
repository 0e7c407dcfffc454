/* flow.cpp - C++17: handles that free themselves, errors as exceptions of the program's own,
 * callbacks that let none through to C.
 *
 * The library is C: nothing throws across its border. What it reports by status becomes an
 * exception on this side; what a callback throws is caught, the callback stops the call, and it is
 * thrown again once the call has returned.
 *
 * prints: trained: log-density rose by more than half a nat: yes
 * prints: 1000 samples, mean within 0.2 of the data's: yes
 * prints: caught: expected perhaps nice
 * prints: stopped by an exception of the callback: enough, after 256 samples
 */
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
#include <weir.h>

namespace weir {

struct error : std::runtime_error {
    explicit error(weir_ctx *c) : std::runtime_error(weir_message(c)) { weir_clear(c); }
};

template <auto free> struct deleter {
    template <class T> void operator()(T *p) const noexcept { free(p); }
};
using context = std::unique_ptr<weir_ctx, deleter<weir_close>>;
using model = std::unique_ptr<weir_model, deleter<weir_model_free>>;
using optim = std::unique_ptr<weir_optim, deleter<weir_optim_free>>;
using loader = std::unique_ptr<weir_loader, deleter<weir_loader_free>>;

/* Of any call: throws when the context has failed. */
template <class T> T checked(weir_ctx *c, T value)
{
    if (!weir_ok(c)) throw error(c);
    return value;
}

class scope {
public:
    explicit scope(const context &c) noexcept : s(weir_scope_begin(c.get())) {}
    ~scope() { weir_scope_end(s); }
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

private:
    weir_scope s;
};

/* `watch(done, n)` may throw. */
template <class Watch> std::vector<float> sample(weir_model *m, std::int64_t n, Watch watch)
{
    struct box {
        Watch *watch;
        std::exception_ptr thrown;
    } kept{ &watch, nullptr };
    weir_sample_opts o = weir_sample_defaults();
    o.user = &kept;
    o.on_step = [](void *user, std::int64_t done, std::int64_t all) noexcept -> int {
        auto *b = static_cast<box *>(user);
        try {
            (*b->watch)(done, all);
        } catch (...) {
            b->thrown = std::current_exception();
        }
        return b->thrown != nullptr;
    };
    std::vector<float> x(static_cast<std::size_t>(n * weir_model_dim(m)));
    weir_status s = weir_model_sample_into(m, n, &o, x.data());
    if (kept.thrown) std::rethrow_exception(kept.thrown);
    checked(weir_model_ctx(m), s);
    return x;
}

} // namespace weir

static std::vector<float> ring(int n) /* points around (2, 0) */
{
    std::vector<float> x;
    for (int i = 0; i < n; i++) {
        float a = static_cast<float>((i * 37) % 101) / 101;
        float b = static_cast<float>((i * 61) % 103) / 103;
        x.push_back(2 + a - b);
        x.push_back(a + b - 1);
    }
    return x;
}

static void train(const weir::context &c, weir_model *m, const std::vector<float> &x)
{
    const auto n = static_cast<std::int64_t>(x.size() / 2);
    weir::loader data{ weir_loader_from_array(c.get(), x.data(), n, 2, "batch=128") };
    weir::optim opt{ weir_optim_new(weir_model_module(m), "adam", "lr=5e-3") };
    double first = 0, last = 0;
    for (int step = 0; step < 300; step++) {
        weir::scope s(c);
        last = weir::checked(c.get(), weir_train_step(m, opt.get(), weir_loader_next(data.get())));
        if (step == 0) first = last;
    }
    std::printf("trained: log-density rose by more than half a nat: %s\n",
                first - last > 0.5 ? "yes" : "no");
}

int main()
try {
    weir::context c{ weir_open(1) };
    const char *options = "dim=2 hidden=32,32 base=normal init=pytorch";
    weir::model m{ weir::checked(c.get(), weir_model_new(c.get(), "nice", options)) };
    train(c, m.get(), ring(1000));
    double sum = 0;
    auto x = weir::sample(m.get(), 1000, [](auto, auto) {});
    for (std::size_t i = 0; i < x.size(); i += 2) sum += x[i];
    const bool near = sum / 1000 > 1.8 && sum / 1000 < 2.2;
    std::printf("1000 samples, mean within 0.2 of the data's: %s\n", near ? "yes" : "no");
    try {
        weir::model wrong{ weir::checked(c.get(), weir_model_new(c.get(), "nise", "dim=2")) };
    } catch (const weir::error &e) {
        const std::string what = e.what();
        const bool found = what.find("perhaps nice") != std::string::npos;
        std::printf("caught: %s\n", found ? "expected perhaps nice" : e.what());
    }
    std::int64_t samples = 0;
    try {
        weir::sample(m.get(), 1000, [&](std::int64_t done, std::int64_t) {
            samples = done;
            throw std::runtime_error("enough");
        });
    } catch (const std::runtime_error &e) {
        std::printf("stopped by an exception of the callback: %s, after %lld samples\n", e.what(),
                    static_cast<long long>(samples));
    }
    return 0;
} catch (const std::exception &e) {
    std::fprintf(stderr, "flow: %s\n", e.what());
    return 1;
}
