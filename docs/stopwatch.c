// SPDX-License-Identifier: GPL-2.0
/* The stopwatch of write-a-device.md under Linux: write microseconds to /dev/stopwatch, read until it rings. */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define STOPWATCH_ELAPSED 0x04
#define STOPWATCH_RING 0x08
#define STOPWATCH_RANG 0x0c

struct stopwatch {
	void __iomem *registers;
	wait_queue_head_t waiting;
	bool rang;
	struct miscdevice misc;
};

static irqreturn_t stopwatch_interrupt(int irq, void *data)
{
	struct stopwatch *watch = data;

	if (!readl(watch->registers + STOPWATCH_RANG))
		return IRQ_NONE;
	writel(1, watch->registers + STOPWATCH_RANG);
	WRITE_ONCE(watch->rang, true);
	wake_up_interruptible(&watch->waiting);
	return IRQ_HANDLED;
}

static ssize_t stopwatch_write(struct file *file, const char __user *from, size_t count, loff_t *at)
{
	struct stopwatch *watch = container_of(file->private_data, struct stopwatch, misc);
	u32 microseconds;
	int error = kstrtou32_from_user(from, count, 0, &microseconds);

	if (error)
		return error;
	WRITE_ONCE(watch->rang, false);
	writel(0, watch->registers + STOPWATCH_ELAPSED);
	writel(microseconds, watch->registers + STOPWATCH_RING);
	return count;
}

static ssize_t stopwatch_read(struct file *file, char __user *to, size_t count, loff_t *at)
{
	struct stopwatch *watch = container_of(file->private_data, struct stopwatch, misc);
	char text[16];
	int length;

	if (*at)
		return 0;
	if (wait_event_interruptible(watch->waiting, READ_ONCE(watch->rang)))
		return -ERESTARTSYS;
	length = scnprintf(text, sizeof(text), "%u\n", readl(watch->registers + STOPWATCH_ELAPSED));
	return simple_read_from_buffer(to, count, at, text, length);
}

static const struct file_operations stopwatch_operations = {
	.owner = THIS_MODULE,
	.read = stopwatch_read,
	.write = stopwatch_write,
};

static int stopwatch_probe(struct platform_device *device)
{
	struct stopwatch *watch = devm_kzalloc(&device->dev, sizeof(*watch), GFP_KERNEL);
	int irq = platform_get_irq(device, 0);
	int error;

	if (!watch)
		return -ENOMEM;
	if (irq < 0)
		return irq;
	watch->registers = devm_platform_ioremap_resource(device, 0);
	if (IS_ERR(watch->registers))
		return PTR_ERR(watch->registers);
	init_waitqueue_head(&watch->waiting);
	error = devm_request_irq(&device->dev, irq, stopwatch_interrupt, 0, "stopwatch", watch);
	if (error)
		return error;
	watch->misc = (struct miscdevice){ .minor = MISC_DYNAMIC_MINOR, .name = "stopwatch", .fops = &stopwatch_operations };
	return misc_register(&watch->misc);
}

static const struct of_device_id stopwatch_ids[] = { { .compatible = "netloom,stopwatch" }, {} };
MODULE_DEVICE_TABLE(of, stopwatch_ids);

static struct platform_driver stopwatch_driver = { .probe = stopwatch_probe, .driver = { .name = "stopwatch", .of_match_table = stopwatch_ids, .suppress_bind_attrs = true } };
builtin_platform_driver(stopwatch_driver);
MODULE_LICENSE("GPL");
